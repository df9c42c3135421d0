import assert from 'node:assert/strict';
import { withBinary, type Call } from '../../../support/http.js';
import {
  infer,
  ones,
  count,
  pair,
  sum,
  difference,
  int32,
  binary,
  goodCall,
  post,
  sums,
  text,
  binaryParts,
  of,
  type Case,
} from './case.js';

const two = [int32(count), int32(ones)] as const;

/** Binary tensors, their sizes and the header that says where they begin. */
export const binaries: readonly Case[] = [
  ...of(
    40,
    200,
    ['binary in', { path: infer, ...withBinary({ inputs: [binary('A'), binary('B')] }, ...two) }, sums],
    ['one binary, one JSON', { path: infer, ...withBinary({ inputs: [pair[0], binary('B')] }, two[1]) }, sums],
    [
      'binary out',
      post({ inputs: pair, parameters: { binary_data_output: true } }),
      (answer) => assert.deepEqual(binaryParts(answer).bytes, Buffer.concat([int32(sum), int32(difference)])),
    ],
    [
      'an output overrides',
      post({
        inputs: pair,
        parameters: { binary_data_output: true },
        outputs: [{ name: 'D' }, { name: 'S', parameters: { binary_data: false } }],
      }),
      (answer) => {
        const { outputs, bytes } = binaryParts(answer);
        assert.deepEqual(bytes, Buffer.from(int32(difference)));
        assert.deepEqual(outputs[1]?.data, sum);
      },
    ],
  ),
  ...of(41, 400, [
    'binary cut',
    { path: infer, ...withBinary({ inputs: [binary('A'), binary('B')] }, two[0], two[1].subarray(4)) },
    text(/unexpected size for input 'B', expecting 4 additional bytes for model 'm'/),
  ]),
  ...of(42, 400, [
    'surplus bytes',
    { path: infer, ...withBinary({ inputs: [binary('A'), binary('B')] }, ...two, Uint8Array.of(1)) },
    text(/unexpected additional input data for model 'm'/),
  ]),
  ...of(43, 400, [
    'size is not the shape’s',
    { path: infer, ...withBinary({ inputs: [binary('A', 60), binary('B')] }, two[0].subarray(4), two[1]) },
    text(/input byte size mismatch for input 'A' for model 'm'. Expected 64, got 60/),
  ]),
  ...of(
    44,
    400,
    ...[-1, '64', 2 ** 62].map(
      (size) =>
        [
          `size ${JSON.stringify(size)}`,
          { path: infer, ...withBinary({ inputs: [binary('A', size), binary('B')] }, ...two) },
        ] as const,
    ),
  ),
  ...of(45, 400, [
    'header length beyond the body',
    { ...goodCall, headers: { 'inference-header-content-length': '100000' } },
  ]),
  ...of(
    46,
    400,
    ...['-1', 'abc', '99999999999'].map(
      (length) =>
        [`header length ${length}`, { ...goodCall, headers: { 'inference-header-content-length': length } }] as const,
    ),
  ),
  ...of(
    47,
    400,
    ['header length cuts the JSON', { ...goodCall, headers: { 'inference-header-content-length': '40' } }],
    [
      'no header length though bytes follow',
      { path: infer, body: withBinary({ inputs: [binary('A'), binary('B')] }, ...two).body ?? '' },
    ],
  ),
  ...of(
    48,
    400,
    ['BYTES prefix beyond the end', bytesCall([1, 1], Uint8Array.of(9, 0, 0, 0, 65))],
    ['prefix of two bytes', bytesCall([1, 1], Uint8Array.of(1, 0))],
  ),
  ...of(
    49,
    400,
    [
      'too few texts',
      bytesCall([1, 2], Uint8Array.of(1, 0, 0, 0, 65)),
      text(/expected 2 string elements for inference input 'X'.*got 1/),
    ],
    ['too many texts', bytesCall([1, 1], Uint8Array.of(1, 0, 0, 0, 65, 1, 0, 0, 0, 66))],
  ),
];

function bytesCall(shape: readonly number[], bytes: Uint8Array): Call {
  const input = { name: 'X', datatype: 'BYTES', shape, parameters: { binary_data_size: bytes.length } };
  return { path: '/v2/models/id-bytes/infer', ...withBinary({ inputs: [input] }, bytes) };
}
