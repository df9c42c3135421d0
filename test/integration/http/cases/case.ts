import assert from 'node:assert/strict';
import { jsonOf, type Answer, type Call } from '../../../support/http.js';

/** One request of a row: what is sent, the status that is due, and what else must hold. */
export interface Case {
  readonly row: number;
  readonly title: string;
  readonly call: Call;
  readonly status: number;
  readonly check?: (answer: Answer) => void;
}

/** Body limit of the server that the cases run against. */
export const limitBytes = 1 << 20;

export const infer = '/v2/models/m/infer';
export const ones = Array.from({ length: 16 }, () => 1);
export const count = Array.from({ length: 16 }, (_, index) => index);
export const tensor = (name: string, rest: object = {}) => ({
  name,
  datatype: 'INT32',
  shape: [1, 16],
  data: count,
  ...rest,
});
export const pair = [tensor('A'), tensor('B', { data: ones })];
export const sum = count.map((value) => value + 1);
export const difference = count.map((value) => value - 1);
export const int32 = (values: readonly number[]) => new Uint8Array(Int32Array.from(values).buffer);
export const binary = (name: string, size: unknown = 64, rest: object = {}) => ({
  name,
  datatype: 'INT32',
  shape: [1, 16],
  parameters: { binary_data_size: size },
  ...rest,
});

/** The request that every refused one is followed by. */
export const goodCall: Call = { path: infer, body: JSON.stringify({ inputs: pair }) };

export const post = (value: object, path = infer): Call => ({ path, body: JSON.stringify(value) });
export const withA = (rest: object): Call => post({ inputs: [tensor('A', rest), tensor('B')] });
export const identity = (datatype: string, rest: object, more: object = {}): Call =>
  post(
    { inputs: [{ name: 'X', datatype, shape: [1, 1], ...rest }], ...more },
    `/v2/models/id-${datatype.toLowerCase()}/infer`,
  );

export interface Output {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size: number };
}

export const outputsOf = (answer: Answer, length?: number): readonly Output[] =>
  (JSON.parse(answer.body.toString('utf8', 0, length)) as { outputs: readonly Output[] }).outputs;

export const sums = (answer: Answer) => {
  const outputs = outputsOf(answer);
  assert.deepEqual(
    outputs.map(({ name }) => name),
    ['S', 'D'],
  );
  assert.deepEqual(
    outputs.map(({ data }) => data),
    [sum, difference],
  );
};
export const text = (pattern: RegExp) => (answer: Answer) =>
  assert.match((jsonOf(answer) as { error: string }).error, pattern);
export const data =
  (...expected: readonly unknown[]) =>
  (answer: Answer) =>
    assert.deepEqual(outputsOf(answer)[0]?.data, expected);
export const raw = (pattern: RegExp) => (answer: Answer) => assert.match(answer.body.toString('utf8'), pattern);

export function binaryParts(answer: Answer): { readonly outputs: readonly Output[]; readonly bytes: Buffer } {
  const length = Number(answer.headers['inference-header-content-length']);
  assert.equal(answer.headers['content-type'], 'application/octet-stream');
  return { outputs: outputsOf(answer, length), bytes: answer.body.subarray(length) };
}

export const nested = (depth: number): string =>
  `{"inputs":[{"name":"A","datatype":"INT32","shape":[1,16],"data":${'['.repeat(depth)}${count.join(',')}${']'.repeat(depth)}},${JSON.stringify(tensor('B', { data: ones }))}]}`;

export function padded(length: number): string {
  const body = JSON.stringify({ inputs: pair });
  return body + ' '.repeat(length - body.length);
}

export const of = (
  row: number,
  status: number,
  ...entries: readonly (readonly [title: string, call: Call, check?: Case['check']])[]
): Case[] =>
  entries.map(([title, call, check]) => ({ row, title, call, status, ...(check === undefined ? {} : { check }) }));
