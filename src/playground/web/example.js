const integers = /^U?INT(8|16|32|64)$/;

/** Elements of a shape. */
export const count = (shape) => shape.reduce((product, dim) => product * dim, 1);

/** A shape with every variable dimension set to 1. */
export const fixed = (shape) => shape.map((dim) => (dim < 0 ? 1 : dim));

/** A declared shape for reading: [any, 64]. */
export const shapeText = (shape) => `[${shape.map((dim) => (dim < 0 ? 'any' : dim)).join(', ')}]`;

const isHalf = ({ datatype }) => datatype === 'FP16' || datatype === 'BF16';

/**
 * Where tensors are sent as JSON: the protocol's own path, or, where a model has half floats, for which the protocol has no JSON
 * form, the one that takes and gives them as numbers.
 */
export function tensorPath({ name, inputs, outputs }) {
  const model = encodeURIComponent(name);
  return [...inputs, ...outputs].some(isHalf) ? `predictions/${model}?outputs=true` : `v2/models/${model}/infer`;
}

/** Valid values for a datatype, the same at every call: small whole numbers, a wave, truth values or words. */
export function exampleValues(datatype, elements) {
  const make = exampleMaker(datatype);
  return Array.from({ length: elements }, (_, index) => make(index));
}

function exampleMaker(datatype) {
  if (datatype === 'BOOL') return (index) => index % 2 === 0;
  if (datatype === 'BYTES') return (index) => `text ${index + 1}`;
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
 * A request body of the protocol from what was typed: [{name, datatype, shape, text, optional}]. Numbers keep the digits as typed;
 * an optional input without values is left out.
 */
export function requestJson(inputs) {
  const given = inputs.filter(({ optional, text }) => !optional || text.trim() !== '');
  const tensors = given.map(({ name, datatype, shape, text }) => {
    const data = text.trim() === '' ? JSON.stringify(exampleValues(datatype, count(shape))) : text.trim();
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
