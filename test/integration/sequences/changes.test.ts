import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { send } from '../../support/http.js';
import { putModel } from '../../support/models.js';
import { recurrent, recurrentState } from './recurrent.js';
import { metric, outputsOf, refusalOf, samplesOf, server, url, useServer, type Parameters } from './set-up.js';

useServer();

describe('sequences whose model changes', () => {
  const ask = (parameters: Parameters, path = '/v2/models/vad/infer') =>
    send(url(), {
      path,
      body: JSON.stringify({
        parameters,
        inputs: [{ ...samplesOf(new Float32Array(16)), data: Array(16).fill(0) }],
      }),
    });
  const control = async (action: 'load' | 'unload') => {
    const answer = await send(url(), { path: `/v2/repository/models/vad/${action}`, body: '{}' });
    assert.equal(answer.status, 200, answer.body.toString());
  };

  it('are dropped by a reload, an unload and a new version, which log and metrics say', async () => {
    const memory = async () => {
      const text = (await send(url(), { path: '/metrics' })).body.toString();
      return Number(/^slipway_request_memory_bytes (\d+)/m.exec(text)?.[1]);
    };
    const isDropped = async () => {
      const refusal = refusalOf(await ask({ sequence_id: 'kept' }));
      assert.equal(refusal.status, 400);
      assert.match(refusal.text, /must specify the START flag/);
    };
    outputsOf(await ask({ sequence_id: 'kept', sequence_start: true }));
    assert.equal(await metric('slipway_sequences_active', 'vad'), 1);
    assert.equal(await metric('slipway_sequence_state_bytes', 'vad'), 512);
    assert.equal(await memory(), 512);
    await control('load');
    await isDropped();
    assert.equal(await metric('slipway_sequences_dropped_total', 'vad'), 1);
    outputsOf(await ask({ sequence_id: 'kept', sequence_start: true }));
    await control('unload');
    assert.equal(await memory(), 0);
    await control('load');
    await isDropped();
    outputsOf(await ask({ sequence_id: 'kept', sequence_start: true }));
    await putModel(server().server.folder, { name: 'vad', version: '2', graph: recurrent, config: recurrentState });
    await control('load');
    await isDropped();
    const gone = server().server.lines.filter(({ message }) =>
      /state of running sequences dropped/.test(String(message)),
    );
    assert.deepEqual(
      gone.map(({ model, version, count }) => [model, version, count]),
      Array(3).fill(['vad', '1', 1]),
    );
  });

  it('are refused beyond the most that model.json allows', async () => {
    const { state } = recurrentState.sequences;
    const config = { sequences: { state, maxActive: 1 } };
    await writeFile(join(server().server.folder, 'vad', 'model.json'), JSON.stringify(config));
    await control('load');
    outputsOf(await ask({ sequence_id: 1, sequence_start: true }));
    const answer = await ask({ sequence_id: 2, sequence_start: true });
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers['retry-after']) > 30);
    assert.match(refusalOf(answer).text, /its maximum \(sequences.maxActive\)/);
    outputsOf(await ask({ sequence_id: 1, sequence_end: true }));
    outputsOf(await ask({ sequence_id: 2, sequence_start: true, sequence_end: true }));
  });
});
