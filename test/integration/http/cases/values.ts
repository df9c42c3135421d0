import assert from 'node:assert/strict';
import { withBinary } from '../../../support/http.js';
import { identity, data, raw, binaryParts, of, type Case } from './case.js';

const nan = '{"inputs":[{"name":"X","datatype":"FP32","shape":[1,3],"data":[NaN,Infinity,-Infinity]}]';
const half = Uint8Array.of(0x00, 0x3c, 0x01, 0x7c);

/** Exact integers, texts, halves, non-finite numbers, empty tensors. */
export const values: readonly Case[] = [
  ...of(
    26,
    200,
    [
      '2^53 + 1 as INT64',
      {
        path: '/v2/models/id-int64/infer',
        body: '{"inputs":[{"name":"X","datatype":"INT64","shape":[1,1],"data":[9007199254740993]}]}',
      },
      raw(/"data":\[9007199254740993\]/),
    ],
    [
      '2^64 - 1 as UINT64',
      {
        path: '/v2/models/id-uint64/infer',
        body: '{"inputs":[{"name":"X","datatype":"UINT64","shape":[1,1],"data":[18446744073709551615]}]}',
      },
      raw(/"data":\[18446744073709551615\]/),
    ],
  ),
  ...of(
    27,
    400,
    ['text with NUL', identity('BYTES', { data: ['abc\0def'] })],
    [
      'bytes that are not UTF-8',
      {
        path: '/v2/models/id-bytes/infer',
        ...withBinary(
          { inputs: [{ name: 'X', datatype: 'BYTES', shape: [1, 1], parameters: { binary_data_size: 5 } }] },
          Uint8Array.of(1, 0, 0, 0, 0xff),
        ),
      },
    ],
  ),
  ...of(
    28,
    400,
    ['FP16 as JSON in', identity('FP16', { data: [1] })],
    [
      'FP16 as JSON out',
      {
        path: '/v2/models/id-fp16/infer',
        ...withBinary(
          { inputs: [{ name: 'X', datatype: 'FP16', shape: [1, 2], parameters: { binary_data_size: 4 } }] },
          half,
        ),
      },
    ],
  ),
  ...of(29, 200, [
    'FP16 binary in and out',
    {
      path: '/v2/models/id-fp16/infer',
      ...withBinary(
        {
          parameters: { binary_data_output: true },
          inputs: [{ name: 'X', datatype: 'FP16', shape: [1, 2], parameters: { binary_data_size: 4 } }],
        },
        half,
      ),
    },
    (answer) => assert.deepEqual([...binaryParts(answer).bytes], [...half]),
  ]),
  ...of(30, 200, ['NaN and Infinity in', { path: '/v2/models/id-fp32/infer', body: `${nan}}` }]),
  ...of(
    31,
    200,
    ['NaN out as null', { path: '/v2/models/id-fp32/infer', body: `${nan}}` }, raw(/"data":\[null,null,null\]/)],
    [
      'NaN out as tokens on request',
      { path: '/v2/models/id-fp32/infer', body: `${nan},"parameters":{"non_finite_tokens":true}}` },
      raw(/"data":\[NaN,Infinity,-Infinity\]/),
    ],
  ),
  ...of(
    32,
    200,
    ['[1,0] as JSON', identity('FP32', { shape: [1, 0], data: [] }), data()],
    [
      '[1,0] as binary',
      {
        path: '/v2/models/id-fp32/infer',
        ...withBinary({
          parameters: { binary_data_output: true },
          inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 0], parameters: { binary_data_size: 0 } }],
        }),
      },
      (answer) => assert.equal(binaryParts(answer).outputs[0]?.parameters?.binary_data_size, 0),
    ],
  ),
];
