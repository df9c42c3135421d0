import { withBinary } from '../../../support/http.js';
import {
  limitBytes,
  infer,
  count,
  pair,
  int32,
  binary,
  post,
  sums,
  text,
  nested,
  padded,
  of,
  type Case,
} from './case.js';

/** JSON that is broken, empty, deep or large. */
export const bodies: readonly Case[] = [
  ...of(33, 400, ['malformed JSON', { path: infer, body: '{"inputs":[' }], ['no JSON', { path: infer, body: 'hello' }]),
  ...of(34, 400, ['empty body', { path: infer, body: '' }], ['no body', { path: infer, method: 'POST' }]),
  ...of(35, 400, ['inputs missing', post({})], ['inputs empty', post({ inputs: [] })]),
  ...of(36, 400, [
    'neither data nor size',
    post({ inputs: [{ name: 'A', datatype: 'INT32', shape: [1, 16] }, pair[1]] }),
    text(/Input must set only one of the following fields: .*But no field is set/),
  ]),
  ...of(37, 400, [
    'data and size',
    { path: infer, ...withBinary({ inputs: [binary('A', 64, { data: count }), pair[1]] }, int32(count)) },
    text(/But set 'data' 'binary_data_size'|But set 'binary_data_size' 'data'/),
  ]),
  ...of(38, 200, ['nested 50 deep', { path: infer, body: nested(50) }, sums]),
  ...of(
    38,
    400,
    ['nested 120 deep', { path: infer, body: nested(120) }],
    ['nested 250,000 deep', { path: infer, body: nested(250_000) }],
  ),
  ...of(39, 413, [
    'one byte over the limit',
    { path: infer, body: padded(limitBytes + 1) },
    text(/exceeds the maximum allowed input size of 1048576 bytes/),
  ]),
  ...of(39, 200, ['exactly at the limit', { path: infer, body: padded(limitBytes) }, sums]),
];
