import assert from 'node:assert/strict';
import { jsonOf } from '../../../support/http.js';
import { infer, pair, post, text, of, type Case } from './case.js';

const serverCases: readonly Omit<Case, 'row'>[][] = [
  [
    {
      title: 'live',
      call: { path: '/v2/health/live' },
      status: 200,
      check: (answer) => assert.deepEqual(jsonOf(answer), { live: true }),
    },
    {
      title: 'ready',
      call: { path: '/v2/health/ready' },
      status: 200,
      check: (answer) => assert.deepEqual(jsonOf(answer), { ready: true }),
    },
  ],
];

const misleading = encodeURIComponent('x\u001b[31m\u202e\u2028');

/** Health, models, versions and verbs. */
export const paths: readonly Case[] = [
  ...serverCases.flatMap((cases) => cases.map((each) => ({ row: 1, ...each }))),
  ...of(
    3,
    404,
    [
      'unknown model',
      post({ inputs: pair }, '/v2/models/x/infer'),
      text(/Request for unknown model: 'x' is not found/),
    ],
    [
      'unknown model whose name would steer a terminal',
      post({ inputs: pair }, `/v2/models/${misleading}/infer`),
      text(/unknown model: 'x\\u001b\[31m\\u202e\\u2028' is not found/),
    ],
    ['the same in version 1', { path: `/v1/models/${misleading}` }, text(/Latest\(x\\u001b\[31m\\u202e\\u2028\)/)],
  ),
  ...of(
    4,
    404,
    ['unknown version', post({ inputs: pair }, '/v2/models/m/versions/99/infer'), text(/'m' version 99 is not found/)],
    [
      'unknown version that would steer a terminal',
      { path: `/v2/models/m/versions/${misleading}` },
      text(/version x\\u001b\[31m\\u202e\\u2028 /),
    ],
  ),
  ...of(
    5,
    404,
    ['version abc', { path: '/v2/models/m/versions/abc' }],
    ['version of 30 digits', { path: `/v2/models/m/versions/${'9'.repeat(30)}` }],
  ),
  ...of(
    6,
    405,
    ['GET infer', { path: infer }, text(/Method Not Allowed/)],
    ['POST health', { path: '/v2/health/live', body: '' }, ({ headers }) => assert.equal(headers.allow, 'GET, HEAD')],
  ),
];
