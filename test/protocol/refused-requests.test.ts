import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../src/errors.js';
import type { Datatype } from '../../src/tensor/datatype.js';
import { identityModel, ones, sumModel, take, tensor } from './sum-model.js';

interface RefusedCase {
  /** Row of the protocol's table of cases. */
  readonly row: number;
  readonly title: string;
  readonly sent: string | object;
  readonly model?: typeof sumModel;
  readonly says: RegExp;
}

const both = (fields: object): object => ({ inputs: [tensor('A', fields), tensor('B')] });
/** One input of a datatype, for a model of one such input. */
const one = (datatype: Datatype, data: unknown, shape: readonly number[] = [1]) => ({
  sent: `{"inputs":[{"name":"A","shape":${JSON.stringify(shape)},"datatype":"${datatype}","data":${String(data)}}]}`,
  model: identityModel(
    datatype,
    shape.map(() => -1),
  ),
});
const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

const cases: readonly RefusedCase[] = [
  {
    row: 9,
    title: 'a number as id',
    sent: { id: 42, inputs: [tensor('A'), tensor('B')] },
    says: /'id' must be a string/,
  },
  {
    row: 10,
    title: 'a missing input',
    sent: { inputs: [tensor('A')] },
    says: /^expected 2 inputs but got 1 inputs for model 'm'\. Got input\(s\) \['A'\], but missing required input\(s\) \['B'\]\./,
  },
  {
    row: 11,
    title: 'an unknown input',
    sent: { inputs: [tensor('A'), tensor('B'), tensor('F')] },
    says: /^unexpected inference input 'F' for model 'm'/,
  },
  {
    row: 12,
    title: 'an input twice',
    sent: { inputs: [tensor('A'), tensor('A')] },
    says: /^input 'A' already exists in request/,
  },
  {
    row: 13,
    title: 'an unknown output',
    sent: { inputs: [tensor('A'), tensor('B')], outputs: [{ name: 'N' }] },
    says: /^unexpected inference output 'N' for model 'm'/,
  },
  {
    row: 14,
    title: 'an output twice',
    sent: { inputs: [tensor('A'), tensor('B')], outputs: [{ name: 'S' }, { name: 'S' }] },
    says: /^output 'S' already exists in request/,
  },
  {
    row: 15,
    title: 'FP32 for INT32',
    sent: both({ datatype: 'FP32' }),
    says: /^inference input 'A' data-type is 'FP32', but model 'm' expects 'INT32'/,
  },
  { row: 16, title: 'an unknown datatype', sent: both({ datatype: 'FLOAT' }), says: /^invalid datatype for input A/ },
  { row: 16, title: 'a datatype in lower case', sent: both({ datatype: 'int32' }), says: /did you mean INT32\?/ },
  {
    row: 16,
    title: 'a datatype named like a prototype',
    sent: both({ datatype: 'constructor' }),
    says: /^invalid datatype/,
  },
  {
    row: 17,
    title: 'a wrong dimension',
    sent: both({ shape: [1, 15], data: ones.slice(1) }),
    says: /^unexpected shape for input 'A' for model 'm'\. Expected \[-1,16\], got \[1,15\]/,
  },
  { row: 17, title: 'a wrong rank', sent: both({ shape: [16] }), says: /Expected \[-1,16\], got \[16\]/ },
  {
    row: 18,
    title: 'too few values',
    sent: both({ data: ones.slice(1) }),
    says: /shape does not match true shape.*holds 16 elements, 'data' has 15/,
  },
  {
    row: 18,
    title: 'too many values',
    sent: both({ data: [...ones, 1, 1] }),
    says: /shape does not match true shape.*has more/,
  },
  { row: 19, title: 'a negative dimension', sent: both({ shape: [2, -5] }), says: /must be an integer >= 0/ },
  { row: 19, title: 'a fractional dimension', sent: both({ shape: [1.5] }), says: /must be an integer >= 0/ },
  {
    row: 20,
    title: 'a product beyond 2^63',
    sent: both({ shape: [16, 2 ** 60 + 2] }),
    says: /total element count to exceed maximum size of 9223372036854775807/,
  },
  {
    row: 21,
    title: 'a size beyond what can be addressed',
    ...one('FP32', '[1]', [4, 2 ** 60 + 2]),
    says: /^byte size overflow for input/,
  },
  {
    row: 22,
    title: 'four billion elements declared, one sent',
    ...one('INT32', '[1]', [65536, 65536]),
    says: /has fewer/,
  },
  ...['"1"', '1.5', 'true', 'null', '{}', 'NaN', '1e-1'].map((value) => ({
    row: 23,
    title: `${value} as INT32`,
    ...one('INT32', `[${value}]`),
    says: /input 'A': (expected an integer|.* is not an integer)/,
  })),
  ...['2147483648', '-2147483649', '1e10', '99999999999999999999999'].map((value) => ({
    row: 24,
    title: `${value} as INT32`,
    ...one('INT32', `[${value}]`),
    says: /range of INT32 \(-2147483648 to 2147483647\)/,
  })),
  { row: 24, title: '2^63 as INT64', ...one('INT64', '[9223372036854775808]'), says: /range of INT64/ },
  { row: 24, title: '-1 as UINT64', ...one('UINT64', '[-1]'), says: /range of UINT64/ },
  { row: 24, title: '2^64 as UINT64', ...one('UINT64', '[18446744073709551616]'), says: /range of UINT64/ },
  { row: 24, title: '256 as UINT8', ...one('UINT8', '[256]'), says: /range of UINT8 \(0 to 255\)/ },
  { row: 25, title: '1 as BOOL', ...one('BOOL', '[1]'), says: /must be true or false/ },
  {
    row: 27,
    title: 'a string with NUL',
    ...one('BYTES', '["a\\u0000b"]'),
    says: /NUL/,
  },
  { row: 27, title: 'a lone surrogate', ...one('BYTES', '["\\ud800"]'), says: /lone surrogate/ },
  {
    row: 28,
    title: 'FP16 as JSON',
    ...one('FP16', '[1]'),
    says: /^receiving FP16 data via JSON is not supported\./,
  },
  { row: 30, title: 'NaN outside of float data', sent: `{"x":NaN,"inputs":[]}`, says: /expected a value at byte 5/ },
  ...[
    '',
    '{',
    '[]',
    'null',
    '{"inputs":[}',
    '{"inputs":[],}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":1e}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{} {}',
    '{"a" 1}',
    "{'a':1}",
    '{"a":tru}',
    '\u00a0{}',
  ].map((sent) => ({
    row: sent === '' ? 34 : 33,
    title: JSON.stringify(sent),
    sent,
    says: /^failed to parse the request JSON|no body/,
  })),
  { row: 33, title: 'a comma before the end of data', ...one('INT32', '[1,]', [2]), says: /expected an integer/ },
  { row: 33, title: 'a comma at the start of data', ...one('INT32', '[,1]'), says: /expected an integer/ },
  { row: 33, title: 'brackets that do not match', ...one('INT32', '[[1]'), says: /expected ',' or '\]'/ },
  {
    row: 33,
    title: 'arrays without a comma between',
    ...one('INT32', '[[1][1]]', [2]),
    says: /expected ',' or '\]'/,
  },
  { row: 33, title: 'a value after an array', ...one('INT32', '[[1]1]', [2]), says: /expected ',' or '\]'/ },
  { row: 33, title: 'an empty place in data', ...one('INT32', '[[],]', [0]), says: /expected an integer|has more/ },
  { row: 35, title: 'no inputs', sent: {}, says: /no 'inputs'/ },
  { row: 35, title: 'inputs that are empty', sent: { inputs: [] }, says: /no 'inputs'/ },
  { row: 35, title: 'inputs that are null', sent: { inputs: null }, says: /no 'inputs'/ },
  { row: 35, title: 'a name that is null', sent: both({ name: null }), says: /an input has no 'name'/ },
  { row: 35, title: 'a shape that is null', sent: both({ shape: null }), says: /input 'A' has no 'shape'/ },
  {
    row: 36,
    title: 'neither data nor size',
    sent: both({ data: undefined }),
    says: /^Input must set only one of the following fields: .* But no field is set/,
  },
  {
    row: 37,
    title: 'both data and size',
    sent: both({ parameters: { binary_data_size: 64 } }),
    says: /But set 'data' 'binary_data_size'/,
  },
  {
    row: 38,
    title: 'nesting of 120',
    ...one('INT32', nested(120)),
    says: /JSON nesting depth exceeds maximum allowed limit \(100\)/,
  },
  { row: 38, title: 'nesting of 250,000', ...one('INT32', nested(250_000)), says: /JSON nesting depth/ },
  {
    row: 38,
    title: 'nesting of 250,000 before the datatype',
    sent: `{"inputs":[{"data":${nested(250_000)}}]}`,
    says: /JSON nesting depth/,
  },
  {
    row: 38,
    title: 'nesting of 250,000 in an unknown key',
    sent: `{"x":${nested(250_000)}}`,
    says: /JSON nesting depth/,
  },
  {
    row: 47,
    title: 'a binary size without the header',
    sent: both({ data: undefined, parameters: { binary_data_size: 64 } }),
    says: /Inference-Header-Content-Length/,
  },
  {
    row: 54,
    title: 'more rows than the model takes',
    sent: both({ shape: [9, 16], data: Array(9).fill(ones) }),
    says: /^inference request batch-size must be <= 8 for 'm'/,
  },
  {
    row: 55,
    title: 'inputs of different rows',
    sent: both({ shape: [2, 16], data: [ones, ones] }),
    says: /^input 'B' batch size does not match other inputs for 'm'/,
  },
  { row: 61, title: '1e400 as FP64', ...one('FP64', '[1e400]'), says: /too large for FP64/ },
  { row: 61, title: '1e39 as FP32', ...one('FP32', '[-1e39]'), says: /too large for FP32/ },
];

describe('a request that is refused', () => {
  for (const { row, title, sent, model, says } of cases) {
    it(`answers INVALID_INPUT to ${title} [${String(row)}]`, () => {
      assert.throws(
        () => take(sent, { model: model ?? sumModel }),
        (error) => {
          assert.ok(error instanceof AppError, String(error));
          assert.equal(error.code, 'INVALID_INPUT');
          assert.match(error.message, says);
          return true;
        },
      );
    });
  }
});
