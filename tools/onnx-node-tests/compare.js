/** The tolerance of the ONNX project's own runner for expected outputs (numpy's assert_allclose). */
const relative = 1e-3;
const absolute = 1e-7;

/** What FP32 may differ by from plain ONNX Runtime, as a share of the output's largest value: sums in another order. */
const share = 1e-6;

/** What differs between a tensor and the one that it should be, or undefined. `isSame` judges two elements. */
export function findDifference(actual, wanted, isSame) {
  if (actual === undefined) return 'is not there';
  if (String(actual.shape) !== String(wanted.shape)) return `has the shape [${actual.shape}], not [${wanted.shape}]`;
  const at = wanted.data.findIndex((value, index) => !isSame(actual.data[index], value));
  return at < 0 ? undefined : `element ${at} is ${String(actual.data[at])}, not ${String(wanted.data[at])}`;
}

/** Bit for bit, but for the payload of NaN. */
export function isEqual(left, right) {
  return Object.is(left, right);
}

/** Within the tolerance for expected outputs. */
export function isNear(left, right) {
  if (typeof right !== 'number') return left === right;
  return Object.is(left, right) || left === right || Math.abs(left - right) <= absolute + relative * Math.abs(right);
}

/**
 * Judges answered outputs by those of plain ONNX Runtime, or, where it gave none, by what the test expects: what differs, and whether
 * they are equal bit for bit.
 */
export function judgeOutputs(answered, { plain, expected }) {
  const found = [...(plain.outputs ?? flatten(expected))].map(([name, wanted]) => {
    const actual = answered.get(name);
    const difference = findDifference(actual, wanted, isEqual);
    if (difference === undefined) return {};
    const beyond = findDifference(actual, wanted, plain.outputs === undefined ? isNear : withinShare(wanted));
    return beyond === undefined ? { isRounded: true } : { difference: `output ${name} ${beyond}` };
  });
  return {
    difference: found.find(({ difference }) => difference !== undefined)?.difference,
    isExact: found.every(({ difference, isRounded }) => difference === undefined && isRounded !== true),
  };
}

function withinShare({ datatype, data }) {
  if (datatype !== 'FP32') return isEqual;
  const largest = data.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 0);
  return (left, right) => Object.is(left, right) || Math.abs(left - right) <= share * largest;
}

/** Expected outputs by name, with each tensor of a sequence by its number; without those that are absent. */
export function flatten(outputs) {
  return new Map(
    outputs.flatMap(({ name, value }) => {
      if (value === undefined) return [];
      return Array.isArray(value) ? value.map((part, at) => [`${name}_${at}`, part]) : [[name, value]];
    }),
  );
}
