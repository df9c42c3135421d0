import assert from 'node:assert/strict';
import {
  infer,
  count,
  tensor,
  pair,
  sum,
  difference,
  goodCall,
  post,
  withA,
  identity,
  outputsOf,
  sums,
  text,
  of,
  type Case,
} from './case.js';

/** Names, datatypes, shapes and counts. */
export const requests: readonly Case[] = [
  ...of(
    7,
    200,
    ['flat data', goodCall, sums],
    ['nested data', post({ inputs: [tensor('A', { data: [count] }), pair[1]] }), sums],
    ['inputs in the other order', post({ inputs: [pair[1], pair[0]] }), sums],
  ),
  ...of(
    8,
    200,
    [
      'outputs: D',
      post({ inputs: pair, outputs: [{ name: 'D' }] }),
      (answer) =>
        assert.deepEqual(
          outputsOf(answer).map(({ name }) => name),
          ['D'],
        ),
    ],
    [
      'outputs: D, S',
      post({ inputs: pair, outputs: [{ name: 'D' }, { name: 'S' }] }),
      (answer) =>
        assert.deepEqual(
          outputsOf(answer).map(({ data }) => data),
          [difference, sum],
        ),
    ],
  ),
  ...of(9, 400, ['id is a number', post({ id: 42, inputs: pair })]),
  ...of(10, 400, [
    'input missing',
    post({ inputs: [tensor('A')] }),
    text(/expected 2 inputs but got 1 inputs for model 'm'.*missing required input\(s\) \['B'\]/),
  ]),
  ...of(11, 400, [
    'unknown input',
    post({ inputs: [...pair, tensor('F')] }),
    text(/unexpected inference input 'F' for model 'm'/),
  ]),
  ...of(12, 400, [
    'input twice',
    post({ inputs: [...pair, tensor('A')] }),
    text(/input 'A' already exists in request/),
  ]),
  ...of(13, 400, [
    'unknown output',
    post({ inputs: pair, outputs: [{ name: 'N' }] }),
    text(/unexpected inference output 'N' for model 'm'/),
  ]),
  ...of(14, 400, [
    'output twice',
    post({ inputs: pair, outputs: [{ name: 'S' }, { name: 'S' }] }),
    text(/output 'S' already exists in request/),
  ]),
  ...of(15, 400, [
    'FP32 for INT32',
    withA({ datatype: 'FP32' }),
    text(/inference input 'A' data-type is 'FP32', but model 'm' expects 'INT32'/),
  ]),
  ...of(16, 400, ['datatype FLOAT', withA({ datatype: 'FLOAT' })]),
  ...of(
    17,
    400,
    [
      'wrong dimension',
      withA({ shape: [1, 15], data: count.slice(1) }),
      text(/unexpected shape for input 'A' for model 'm'. Expected \[-1,16\], got \[1,15\]/),
    ],
    ['wrong rank', withA({ shape: [16] })],
  ),
  ...of(18, 400, ['15 values', withA({ data: count.slice(1) })], ['18 values', withA({ data: [...count, 1, 2] })]),
  ...of(19, 400, ['negative dimension', withA({ shape: [2, -5] })]),
  ...of(20, 400, [
    '2^60 columns',
    {
      path: infer,
      body: JSON.stringify({ inputs: [tensor('A', { shape: [16, 0] }), pair[1]] }).replace(
        '[16,0]',
        '[16,1152921504606846978]',
      ),
    },
  ]),
  ...of(21, 400, [
    'bytes overflow',
    {
      path: '/v2/models/id-fp32/infer',
      body: '{"inputs":[{"name":"X","datatype":"FP32","shape":[4,1152921504606846978],"data":[1]}]}',
    },
  ]),
  ...of(22, 400, ['four billion elements, one value', withA({ shape: [65536, 65536], data: [1] })]),
  ...of(
    23,
    400,
    ...[['a'], [1.5], [true], [null], [{}]].map(
      ([value]) => [`${JSON.stringify(value)} as INT32`, withA({ data: [value, ...count.slice(1)] })] as const,
    ),
  ),
  ...of(24, 400, ['2^31 as INT32', withA({ data: [2 ** 31, ...count.slice(1)] })]),
  ...of(25, 400, ['1 as BOOL', identity('BOOL', { data: [1] })], ['0 as BOOL', identity('BOOL', { data: [0] })]),
];
