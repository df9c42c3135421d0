const integers = /^U?INT(8|16|32|64)$/;

/** Elements of a shape. */
export const count = (shape) => shape.reduce((product, dim) => product * dim, 1);

/** A shape with every variable dimension set to 1. */
const fixed = (shape) => shape.map((dim) => (dim < 0 ? 1 : dim));

/** A declared shape for reading, with the file's own names of open dimensions: [batch, any, 64]. */
export const shapeText = (shape, names = []) =>
  `[${shape.map((dim, axis) => (dim < 0 ? names[axis] || 'any' : dim)).join(', ')}]`;

/** A model's part of a path, with the version where one is chosen. */
export const modelPath = ({ name, version }) =>
  `${encodeURIComponent(name)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;

const isHalf = ({ datatype }) => datatype === 'FP16' || datatype === 'BF16';

/**
 * Where tensors are sent as JSON: the protocol's own path, or, where a model has half floats, for which the protocol has no JSON
 * form, the one that takes and gives them as numbers.
 */
export function tensorPath({ name, version, inputs, outputs }) {
  const model = modelPath({ name, version });
  return [...inputs, ...outputs].some(isHalf) ? `predictions/${model}?outputs=true` : `v2/models/${model}/infer`;
}

/** An input's shape in the model itself: as Triton does, the server lists a scalar as [1] and single elements in batches as [any, 1]. */
export const ownShape = ({ examples = {} }, { name, shape }) =>
  shape.slice(0, examples[name]?.shape.length ?? shape.length);

/** What the server proposes for an input: {shape, fill}; open dimensions are 1 where it proposes nothing. */
export const exampleOf = ({ examples = {} }, { name, shape }) =>
  examples[name] ?? { shape: fixed(shape), fill: 'varied' };

/**
 * Valid values for a datatype, the same at every call: small whole numbers, a wave, truth values or words; or as `fill` says, one value
 * for all, or 0, 1, 2, ...
 */
export function exampleValues(datatype, elements, fill = 'varied') {
  const make = exampleMaker(datatype, fill);
  return Array.from({ length: elements }, (_, index) => make(index));
}

function exampleMaker(datatype, fill) {
  if (datatype === 'BOOL') return (index) => (typeof fill === 'number' ? fill !== 0 : index % 2 === 0);
  if (datatype === 'BYTES') return (index) => `text ${index + 1}`;
  if (typeof fill === 'number') return () => fill;
  if (fill === 'positions') return (index) => index;
  if (integers.test(datatype)) return (index) => index % 10;
  return (index) => Math.round(Math.sin(index / 4) * 1000) / 1000;
}

/** A shape typed as `1, 64` or `[1,64]`; throws a sentence where it is none. */
export function parseShape(text, declared) {
  const parts = text
    .replace(/^\s*\[|\]\s*$/g, '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const shape = parts.map(Number);
  if (!shape.every((dim, index) => Number.isSafeInteger(dim) && dim >= 0 && parts[index] !== '')) {
    throw new Error(
      `The shape is ${text}; expected whole numbers with commas between them, such as ${fixed(declared).join(', ')}.`,
    );
  }
  return shape;
}

/**
 * A request body of the protocol from what was typed: [{name, datatype, shape, text, optional, fill}]. Numbers keep the digits as typed;
 * an optional input without values is left out.
 */
export function requestJson(inputs) {
  const given = inputs.filter(({ optional, text }) => !optional || text.trim() !== '');
  const tensors = given.map(({ name, datatype, shape, text, fill }) => {
    const data = text.trim() === '' ? JSON.stringify(exampleValues(datatype, count(shape), fill)) : text.trim();
    const head = JSON.stringify({ name, datatype, shape }).slice(0, -1);
    return `${head},"data":${compact(data, name)}}`;
  });
  return `{"inputs":[${tensors.join(',')}]}`;
}

/** The text without line breaks once it is known to be JSON; the numbers NaN and Infinity pass, as the server takes them. */
function compact(text, name) {
  const plain = text.replace(/-?\bInfinity\b|\bNaN\b/g, '0');
  try {
    JSON.parse(plain);
  } catch (error) {
    throw new Error(`The values of ${name} are not JSON: ${error.message}. Expected a list such as [1, 2, 3].`, {
      cause: error,
    });
  }
  return text.replace(/\s*\n\s*/g, ' ');
}
