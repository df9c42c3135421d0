import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toAnswerError } from '../../src/client/answer-error.js';
import { send, type Call } from '../support/http.js';
import { sumAndDifference } from '../support/models.js';
import { serveFor } from '../support/server.js';

describe('the error of an answer', () => {
  it('has the code that the server names, which its status may stand for beside others', async (context) => {
    const { url } = await serveFor(context, {
      models: [{ name: 'm', graph: sumAndDifference }],
      keys: ['a-key-of-16-letters'],
      flags: ['--key-rate', '1'],
    });
    const headers = { 'x-api-key': 'a-key-of-16-letters' };
    const codeOf = async (call: Call): Promise<readonly unknown[]> => {
      const answer = await send(url, call);
      return [answer.status, toAnswerError(answer, 'It').code, toAnswerError(answer, 'It').message.length > 20];
    };
    assert.deepEqual(await codeOf({ path: '/v2/models/m' }), [401, 'UNAUTHORIZED', true]);
    assert.deepEqual(await codeOf({ path: '/v2/models/nobody', headers }), [404, 'MODEL_NOT_FOUND', true]);
    const codes = new Set<unknown>();
    while (!codes.has('RATE_LIMITED')) codes.add((await codeOf({ path: '/v2/models/nobody', headers }))[1]);
    assert.deepEqual(
      [...codes].filter((code) => code !== 'MODEL_NOT_FOUND'),
      ['RATE_LIMITED'],
    );
  });

  it('goes by the status where a server names none, or one that nobody knows', () => {
    const codeOf = (status: number, named?: string) =>
      toAnswerError(
        { status, headers: named === undefined ? {} : { 'x-error-code': named }, body: Buffer.from('no JSON') },
        'It',
      ).code;
    assert.deepEqual(
      [codeOf(429), codeOf(503), codeOf(503, 'SHUTTING_DOWN'), codeOf(429, 'toString'), codeOf(418), codeOf(503, '')],
      ['QUEUE_FULL', 'MODEL_NOT_READY', 'SHUTTING_DOWN', 'QUEUE_FULL', 'REQUEST_FAILED', 'MODEL_NOT_READY'],
    );
  });
});
