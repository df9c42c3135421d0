import type { ErrorCode } from '../../errors.js';

/** A failure of the runtime that is understood: why it happened and what to do about it. */
export interface OrtFault {
  readonly code: ErrorCode;
  readonly cause: string;
  readonly fix: string;
}

/** What a text of the runtime means, by a pattern. */
export type Rule = readonly [pattern: RegExp, explain: (match: RegExpExecArray) => OrtFault];

/** The fault of a model's file. */
export const model = (cause: string, fix: string): OrtFault => ({ code: 'MODEL_INVALID', cause, fix });

/** An operator that ONNX Runtime has only with a library of its own; those of onnxruntime-extensions are the most usual. */
function explainCustom(domain: string, op: string): OrtFault {
  const isExtension = domain === 'ai.onnx.contrib' || domain === 'com.microsoft.extensions';
  return model(
    `it uses the custom operator ${domain}.${op}${isExtension ? ' of onnxruntime-extensions' : ''}`,
    `custom operators are not supported: export it ${isExtension ? 'without its steps before and after the model itself' : 'with standard ones'}`,
  );
}

/** What the runtime says of files that it cannot load. */
export const modelRules: readonly Rule[] = [
  [
    /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    ([, is = '', max = '']) =>
      model(
        `its ONNX IR version is ${is}, the newest supported is ${max}`,
        'export it again with an older onnx package',
      ),
  ],
  [
    /Opset (\d+) is under development.*for domain (\S+) is till opset (\d+)/s,
    ([, is = '', domain = '', max = '']) =>
      model(
        `it uses opset ${is} of ${domain}, the newest supported is ${max}`,
        `export it with opset_version=${max} or lower`,
      ),
  ],
  [
    /No Op registered for (\S+) with domain_version of (\d+)/,
    ([, op = '', version = '']) =>
      model(
        `it uses the operator ${op}, which opset ${version} does not have`,
        'export it with standard operators, or a matching opset',
      ),
  ],
  [
    /In Node, \([^)]*?, (\w+), "(\w+)".*No opset import for domain/s,
    ([, op = '', domain = '']) => explainCustom(domain, op),
  ],
  [
    /Fatal error: ([^\s:]+):(\S+)\(-?\d+\) is not a registered function\/op/,
    ([, domain = '', op = '']) => explainCustom(domain, op),
  ],
  [
    /External initializer: (\S+) offset: (\d+) size to read: (\d+) given file_length: (\d+)/,
    ([, name = '', offset = '', size = '', length = '']) =>
      model(
        `its file of weights has ${length} bytes, and '${name}' ends at byte ${BigInt(offset) + BigInt(size)} of it`,
        'copy that file again, whole, from the same export as the model file; a Git LFS pointer needs git lfs pull',
      ),
  ],
  [
    /Protobuf parsing failed|ModelProto does not have a graph/i,
    () =>
      model(
        'it is not an ONNX file, or it is cut short',
        'copy it again and compare its size; a Git LFS pointer needs git lfs pull',
      ),
  ],
  [
    /External data path[^\n]*|model_path must not be empty[^\n]*|external data[^\n]*(?:not found|does not exist)[^\n]*/i,
    ([text]) => model(`its external data cannot be read: ${text}`, 'put the data files beside the model file'),
  ],
  [
    /Unsupported data type: (\d+)/,
    ([, type = '']) =>
      model(
        `an input or output has element type ${type === '16' ? 'bfloat16' : type}, which ONNX Runtime for Node.js cannot carry`,
        'export it with float32 or float16 inputs and outputs',
      ),
  ],
  [
    /Failed to construct locale with name:\s*([\w.@-]+)/,
    ([, locale = '']) =>
      model(
        `it handles text by the locale ${locale}, which this system does not have`,
        `install it (Debian and Ubuntu: apt-get install locales && localedef -i en_US -f UTF-8 en_US.UTF-8), or serve it in a container: the images have en_US.UTF-8`,
      ),
  ],
];

/**
 * A node for whose datatypes the device has no code, in a file or made by the runtime's optimiser: only where no less optimised graph
 * loads is it the file's fault.
 */
export function findMissingKernel(text: string, provider: string): OrtFault | undefined {
  const [, op, version, node] =
    /Could not find an implementation for (\S+)\((\d+)\) node with name '([^']*)'/.exec(text) ?? [];
  if (op === undefined) return undefined;
  const name = node === undefined || node === '' ? '' : ` (node '${node}')`;
  return model(
    `ONNX Runtime has no ${op} of version ${version} for the datatypes that the model gives it on ${provider}${name}`,
    'export it with other datatypes there, such as float32 and int64, or serve it on a device that has them',
  );
}
