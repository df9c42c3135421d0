import type { ModelJson } from '../config-schema.js';
import type { HeaderValue, OnnxHeader, SequenceConfig, StatePair, StateSize } from '../config.js';
import { formatShape } from '../../tensor/shape.js';
import { contradiction, describeValue, findValue } from './contradiction.js';

type SequencesJson = NonNullable<ModelJson['sequences']>;
type StateJson = SequencesJson['state'][number];

const defaultMaxIdleMs = 60_000;
const defaultMaxActive = 1024;

/** Matches the pairs of state with the model's own inputs and outputs. `taken`: inputs that images or texts make. Throws MODEL_INVALID. */
export function completeSequences(
  json: SequencesJson,
  header: OnnxHeader,
  taken: readonly (string | undefined)[],
): SequenceConfig {
  const names = new Set(json.state.map(({ input }) => input));
  const others = header.inputs.filter(({ name }) => !names.has(name));
  for (const [n, { input, output }] of json.state.entries()) {
    const before = json.state.slice(0, n);
    const twice = before.some((pair) => pair.input === input) ? input : undefined;
    const repeated = twice ?? (before.some((pair) => pair.output === output) ? output : undefined);
    if (repeated !== undefined) {
      throw contradiction(`sequences.state has '${repeated}' twice`, 'Expected each input and each output in one pair');
    }
    if (taken.includes(input)) {
      throw contradiction(`sequences.state has input '${input}', which is made of what is sent`, 'Expected a state');
    }
  }
  return {
    state: json.state.map((pair) => completePair(pair, header, others)),
    maxIdleMs: json.maxIdleMs ?? defaultMaxIdleMs,
    maxActive: json.maxActive ?? defaultMaxActive,
  };
}

function completePair(json: StateJson, { inputs, outputs }: OnnxHeader, others: readonly HeaderValue[]): StatePair {
  const input = findValue(inputs, 'sequences.state.input', json.input);
  const output = findValue(outputs, 'sequences.state.output', json.output);
  const { datatype, shape, unranked } = input;
  if (datatype === 'BYTES' || datatype !== output.datatype || !mayFit(input, output)) {
    throw contradiction(
      `sequences.state pairs ${describeValue('input', input)} with ${describeValue('output', output)}`,
      'Expected numbers of one datatype and of shapes that fit each other',
    );
  }
  return {
    input: input.name,
    output: output.name,
    datatype,
    shape: unranked === true ? undefined : shape,
    initial: initialSizes(input, json.initialShape, others),
  };
}

function mayFit(input: HeaderValue, output: HeaderValue): boolean {
  if (input.unranked === true || output.unranked === true) return true;
  const { shape } = output;
  return (
    shape.length === input.shape.length &&
    shape.every((dim, axis) => dim === -1 || input.shape[axis] === -1 || dim === input.shape[axis])
  );
}

/** As model.json says; else as declared, an open dimension as large as that of the same name of another input. */
function initialSizes(
  input: HeaderValue,
  wished: readonly number[] | undefined,
  others: readonly HeaderValue[],
): readonly StateSize[] {
  if (wished !== undefined) return wishedSizes(input, wished, others);
  if (input.unranked === true) throw unsized(input, 'it declares no shape');
  return input.shape.map((dim, axis) => {
    if (dim !== -1) return dim;
    const name = input.dimNames[axis] ?? '';
    return findSized(others, name) ?? failUnsized(input, axis, name);
  });
}

function wishedSizes(
  input: HeaderValue,
  wished: readonly number[],
  others: readonly HeaderValue[],
): readonly StateSize[] {
  const { shape, unranked } = input;
  const fits =
    unranked === true ||
    (wished.length === shape.length && wished.every((dim, n) => shape[n] === -1 || shape[n] === dim));
  if (!fits) {
    throw contradiction(
      `sequences.state.initialShape is ${formatShape(wished)}, but the state is ${describeValue('input', input)}`,
      'Expected a shape that fits it, -1 for as many as the rows of a request',
    );
  }
  const rows = others.find((other) => other.unranked !== true && other.shape.length > 0);
  return wished.map((dim) => {
    if (dim !== -1) return dim;
    if (rows !== undefined) return { input: rows.name, axis: 0 };
    throw contradiction(
      'sequences.state.initialShape has -1, as many as the rows of a request, but no other input has rows',
      'Expected a number',
    );
  });
}

function findSized(others: readonly HeaderValue[], name: string): StateSize | undefined {
  if (name === '') return undefined;
  for (const { name: input, dimNames } of others) {
    const axis = dimNames.indexOf(name);
    if (axis !== -1) return { input, axis };
  }
  return undefined;
}

const failUnsized = (input: HeaderValue, axis: number, name: string): never => {
  const shown = name === '' ? 'has no name' : `is called '${name}', as no dimension of another input is`;
  throw unsized(input, `its dimension ${axis} ${shown}`);
};

function unsized(input: HeaderValue, why: string): Error {
  return contradiction(
    `the shape with which a sequence begins is unknown: the state is ${describeValue('input', input)}, and ${why}`,
    'Give it in sequences.state.initialShape, -1 for as many as the rows of a request',
  );
}
