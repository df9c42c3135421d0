/** The runtime's text without the source lines and signatures in front of what it says. */
export function tidyOrtText(text: string): string {
  return text
    .replace(/\/\S*onnxruntime_src\/\S+:\d+ .*?\)(?:::<lambda\(\)>)?(?: const)?(?: \[with [^\]]*\])? /gs, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * What the runtime says where the shapes of a request do not fit each other or the weights. A declared shape that is open does not
 * show it before the run: the model runs with other shapes, so that the request is at fault.
 */
const shapeRefusals: readonly RegExp[] = [
  /Got invalid dimensions for input|Invalid rank for input/,
  /dimension mismatch/i,
  /cannot be reshaped to the requested shape/,
  /Attempting to broadcast an axis|cannot broadcast on dim|could not be broadcast together/,
  /Non concat axis dimensions must match/,
  /Invalid input shape: \{|Input \w+ must have shape \{|Invalid input \w+: \w+ dimension != /,
  /Input channels C is not equal to kernel channels|filter number not equal to input channel number/,
  /Calculated output dimension is negative/,
  /Cannot split using values in 'split'/,
  /Dimension of input \d+ must be 1 instead of/,
  /k argument \[\d+\] should not be greater than/,
  /Scale and \(optional\) bias must match/,
  /requires input (?:depth|height|width) to be a multiple of/,
];

/** The same in words that might mean anything elsewhere: read only where a kernel refused. */
const shapesRefusedByKernel: readonly RegExp[] = [
  /Only N can be zero|(?:must be at least 1, got 0|num_classes is < 1|num_indices = 0)$|pad dimension with a value of 0\b/,
  /shape should have values within bounds of|must not be larger than rank of|dim=\d+ at pos=\d+ is greater than/,
  /dimensions differs? at|updates tensor should have shape equal to|shape must be \{\w+\}|must have either \[C\]/,
  /sh(?:all|ould) (?:have |be )?(?:the )?same (?:as|shape|length|\w*dimension)|must have the same length as/,
  /Grid batch size \d+ does not match|of batch_indices and rois don't match|Mismatch between input data and/,
  /is smaller than the dilated kernel|dft size is smaller than the signal/,
  /should have same num_\w+|is expected to have shape \{|Square matrix is expected|Cannot scale 0 by any factor/,
  /is less than unfold size|does not match the number of sliding blocks|must equal theta batch dimension|inconsistent \w+_length/,
  /must be at least targets \(\d+\) \* features|can be of feature size \(\d+\)/,
];

/** What it says where values of a request name what is not there, or sizes that nothing can have: with other values the model runs. */
const valueRefusals: readonly RegExp[] = [
  /indices element out of data bounds|Out of range value in index tensor|invalid ind(?:ex|ice) found/,
  /invalid expand shape|requested_shape\[i\] >= -1 was false|Tile repeat value must be non-negative/,
  /Tensor shape\.Size\(\) must be >= 0|Tensor storage size overflowed|Integer overflow/,
  /delta in Range operator can not be zero|Depth is negative|value of k must not be negative/,
  /'step' value cannot be 0|'axes' has an axis outside|IsAxisInRange\(axis, tensor_rank\) was false/,
  // The binding's word for a side of nothing that has more digits than a number of JavaScript.
  /^dims\[\d+\] must be an integer, got: /,
  /Scale value should be greater than 0|Invalid value in 'split'|Integer (?:division|modulo) by zero/,
];

/** The same in words that might mean anything elsewhere: read only where a kernel refused. */
const valuesRefusedByKernel: readonly RegExp[] = [
  /\b(?:index|indices|value|token_id)\b[^.]* out of (?:range|bounds)|must be (?:with)?in (?:the )?range/i,
  /roi_batch_id >= 0 was false|split_size_sum \(\d+\) != |zero effective input extent|std::vector larger than max_size/,
  /must be non-negative\b|\bvalue -\d+ at index \d+ is negative|write_indices\[\d+\] = -\d+ is negative/,
  /\b(?:lower|upper)_edge_hertz\b|DFT axis must refer to a signal dimension/,
  /Invalid (?:sequence (?:length|index)\b|value\/s in |argument for )|Unknown Category/,
  /must be (?:greater than zero|positive|finite)|should be > 0|shape\.Size\(\) must >=/,
  /has (?:duplicates|a duplicate axis)|At most one dimension can be -1|value zero exceeds the dimension size/,
  /\boverflows?\b|too many elements|would require more than|exceeds the supported (?:maximum|range)/i,
  /exceeds maximum allowed \(-?\d+\) for axis|is smaller than minimum required/,
  /tensor should be a 1D tensor|k should be a 1-D or 0-D|should be equal to rank|Pads tensor size|Starts and ends shape mismatch/,
];

/** What a kernel says where it refused its inputs, or undefined where it failed otherwise: on its device, say. */
function kernelRefusal(said: string): string | undefined {
  const status = /Non-zero status code returned while running \w+ node\..*? Status Message:(.*)$/.exec(said)?.[1];
  return status === undefined || /\b(?:CUDA|CUDNN|CUBLAS|TensorRT)/i.test(status) ? undefined : status.trim();
}

/** A number that an operator made of a text of the request (`Cast` of BYTES). */
const textRefusals = /running Cast node.*\bsto(?:d|f|i|l|ll|ul|ull)\b/s;

/** What is known of a run beside what the runtime says. */
export interface RunFacts {
  /** Memory that a run may take. */
  readonly mostBytes: number;
  /** Whether its process holds it to that: then nothing else can have taken what it does not get. */
  readonly isHeld: boolean;
  /** Whether an input of the request has no elements. */
  readonly isEmpty: boolean;
}

/** Why the shapes or the values of the request are at fault, with what to do, or undefined where they are not. */
export function findRequestFault(text: string, { mostBytes, isHeld, isEmpty }: RunFacts): string | undefined {
  const said = tidyOrtText(text);
  const refusal = kernelRefusal(said);
  const saysOneOf = (patterns: readonly RegExp[], byKernel: readonly RegExp[]): boolean =>
    patterns.some((pattern) => pattern.test(text)) ||
    (refusal !== undefined && byKernel.some((pattern) => pattern.test(refusal)));
  if (saysOneOf(shapeRefusals, shapesRefusedByKernel))
    return `The model cannot run on inputs of these shapes: ${said}. To fix: send the height, width or length that it was made for.`;
  if (textRefusals.test(text)) return `The model cannot run on these values: a text is not a number (${said}).`;
  if (saysOneOf(valueRefusals, valuesRefusedByKernel))
    return `The model cannot run on these values: ${said}. To fix: send indices and sizes that the model has.`;
  // Some kernels enforce that there is an element without a word about it.
  if (refusal === '' && isEmpty)
    return `The model cannot run on a tensor without elements: ${said} (nothing). To fix: send 1 or more in each dimension.`;
  if (isHeld && refusal === 'std::bad_alloc')
    return `The model cannot run on these values: more memory would be needed than the ${mostBytes} bytes that its process may have (${said}). To fix: request less.`;
  // What runs with other requests, and would take most of what there is with this one.
  const bytes = Number(/Failed to allocate memory for requested buffer of size (\d+)/.exec(text)?.[1] ?? 0);
  if (bytes <= mostBytes / 2) return undefined;
  return `The model cannot run on these values: a tensor of ${bytes} bytes would be needed, and the limit is ${mostBytes}. To fix: request less.`;
}
