import assert from 'node:assert/strict';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { type Answer, type Call } from '../../../support/http.js';
import {
  limitBytes,
  infer,
  count,
  tensor,
  pair,
  goodCall,
  post,
  identity,
  outputsOf,
  sums,
  text,
  of,
  type Case,
} from './case.js';

const plain = JSON.stringify({ inputs: pair });
const encoded = (coding: string, body: Uint8Array): Call => ({
  path: infer,
  body,
  headers: { 'content-encoding': coding },
});
const accepting = (coding: string, inflate: (bytes: Uint8Array) => Buffer) =>
  [
    `answer in ${coding}`,
    {
      ...post({
        inputs: pair.map((each) => ({
          ...each,
          shape: [8, 16],
          data: Array.from({ length: 8 }, () => each.data).flat(),
        })),
      }),
      headers: { 'accept-encoding': coding },
    },
    (answer: Answer) => {
      assert.equal(answer.headers['content-encoding'], coding);
      assert.equal(outputsOf({ ...answer, body: inflate(answer.body) })[0]?.data?.length, 128);
    },
  ] as const;

/** Content types, encodings, rows, the repository, numbers out of range. */
export const transport: readonly Case[] = [
  ...of(
    50,
    200,
    ...[undefined, 'application/octet-stream', 'application/x-www-form-urlencoded', 'garbage', ''].map(
      (type) =>
        [
          `content type ${type ?? 'absent'}`,
          { ...goodCall, headers: type === undefined ? {} : { 'content-type': type } },
          sums,
        ] as const,
    ),
  ),
  ...of(
    51,
    200,
    ['gzip in', encoded('gzip', gzipSync(plain)), sums],
    ['deflate in', encoded('deflate', deflateSync(plain)), sums],
    accepting('gzip', gunzipSync),
    accepting('deflate', inflateSync),
  ),
  ...of(52, 415, [
    'br in',
    encoded('br', Buffer.from('x')),
    ({ headers }) => assert.equal(headers['accept-encoding'], 'gzip, deflate'),
  ]),
  ...of(
    53,
    400,
    ['garbage as gzip', encoded('gzip', Buffer.from('garbage'))],
    ['gzip cut', encoded('gzip', gzipSync(plain).subarray(0, 60))],
  ),
  ...of(53, 413, ['a bomb', encoded('gzip', gzipSync(Buffer.alloc(limitBytes * 20)))]),
  ...of(54, 400, [
    'nine rows',
    post({ inputs: pair.map((each) => ({ ...each, shape: [9, 16], data: Array.from({ length: 144 }, () => 1) })) }),
    text(/inference request batch-size must be <= 8 for 'm'/),
  ]),
  ...of(55, 400, [
    'rows differ between inputs',
    post({ inputs: [tensor('A', { shape: [2, 16], data: [...count, ...count] }), pair[1]] }),
  ]),
  ...of(
    57,
    404,
    ['load an unknown model', { path: '/v2/repository/models/x/load', body: '{}' }, text(/failed to load 'x'/)],
    ['unload an unknown model', { path: '/v2/repository/models/x/unload', body: '' }],
  ),
  ...of(
    58,
    400,
    ['load ..%2Fetc', { path: '/v2/repository/models/..%2Fetc/load', body: '' }, text(/path traversal/)],
    ['load a blank name', { path: '/v2/repository/models/%20/load', body: '' }],
  ),
  ...of(59, 400, [
    'ready is a list',
    { path: '/v2/repository/index', body: '{"ready":[[true]]}' },
    text(/Invalid value for 'ready'/),
  ]),
  ...of(
    61,
    400,
    [
      '1e400 as FP32',
      {
        path: '/v2/models/id-fp32/infer',
        body: '{"inputs":[{"name":"X","datatype":"FP32","shape":[1,1],"data":[1e400]}]}',
      },
    ],
    ['1e39 as FP32', identity('FP32', { data: [1e39] })],
  ),
];
