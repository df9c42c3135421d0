import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonOf, send } from '../../support/http.js';
import {
  bytesOf,
  expectedOf,
  flags,
  infer,
  metric,
  outputsOf,
  refusalOf,
  samplesOf,
  stepsOf,
  url,
  useServer,
  type Output,
  type Parameters,
} from './set-up.js';

useServer();

/** Steps of a sequence as JSON, each when the one before is answered. */
async function runJson(id: string | number, steps: readonly Float32Array<ArrayBuffer>[], rows = 1) {
  const answers: number[][] = [];
  for (const [n, samples] of steps.entries()) {
    const parameters = { sequence_id: id, ...flags(n, steps.length) };
    const inputs = [{ ...samplesOf(samples, rows), data: [...samples] }];
    const outputs = outputsOf(await infer('vad', { parameters, inputs }));
    assert.deepEqual(
      outputs.map(({ name, shape }) => [name, shape]),
      [['P', [rows, 1]]],
    );
    answers.push([...outputs[0]!.data].map(Math.fround));
  }
  return answers;
}

describe('sequences over HTTP', () => {
  it('answer what plain ONNX Runtime does step by step, beside each other and with several rows', async () => {
    const sequences = [1, 2, 3, 4].map((seed) => ({ id: seed, steps: stepsOf(100 * seed, seed), rows: seed }));
    const answers = await Promise.all(sequences.map(({ id, steps, rows }) => runJson(id, steps, rows)));
    for (const [n, { steps, rows }] of sequences.entries()) {
      assert.deepEqual(answers[n], await expectedOf(steps, rows));
    }
    assert.equal(await metric('slipway_sequences_active', 'vad'), 0);
  });

  it('take binary tensors, texts as ids, and whole numbers of 64 bits that differ in the last digit', async () => {
    const steps = stepsOf(7);
    const ids = ['"caller é"', '18446744073709551614', '18446744073709551615'];
    const expected = await expectedOf(steps);
    for (const [n, samples] of steps.entries()) {
      for (const id of ids) {
        const data = id === ids[1] ? samples : samples.map((sample) => sample / 2);
        const input = { ...samplesOf(data), parameters: { binary_data_size: data.byteLength } };
        const { sequence_start, sequence_end } = flags(n, steps.length);
        const head = `{"parameters":{"sequence_id":${id},"sequence_start":${sequence_start},"sequence_end":${sequence_end}},"inputs":[${JSON.stringify(input)}]}`;
        const answer = await send(url(), {
          path: '/v2/models/vad/infer',
          headers: { 'inference-header-content-length': String(Buffer.byteLength(head)) },
          body: Buffer.concat([Buffer.from(head), bytesOf(data)]),
        });
        const [output] = outputsOf(answer);
        if (id === ids[1]) assert.deepEqual([...output!.data].map(Math.fround), expected[n]);
      }
    }
  });

  it('answer the state to who asks for it, and begin from one that is given', async () => {
    const [first, second] = stepsOf(11);
    const ask = (samples: Float32Array, parameters: Parameters, more: object = {}) =>
      infer('vad', { parameters, inputs: [{ ...samplesOf(samples), data: [...samples] }], ...more });
    const outputs = [{ name: 'P' }, { name: 'stateN' }];
    const [, state] = outputsOf(await ask(first!, { sequence_id: 'one', sequence_start: true }, { outputs }));
    assert.deepEqual(state?.shape, [2, 1, 64]);
    const [own] = outputsOf(await ask(second!, { sequence_id: 'one', sequence_end: true }));
    const inputs = [
      { ...samplesOf(second!), data: [...second!] },
      { name: 'state', datatype: 'FP32', shape: [2, 1, 64], data: state.data },
    ];
    const [other] = outputsOf(
      await infer('vad', { parameters: { sequence_id: 'two', sequence_start: true }, inputs, outputs }),
    );
    assert.deepEqual(other, own);
    const refusal = refusalOf(await infer('vad', { parameters: { sequence_id: 'two' }, inputs }));
    assert.equal(refusal.status, 400);
    assert.match(refusal.text, /input 'state' is state that the server keeps for sequence 'two': leave it out/);
    outputsOf(await ask(second!, { sequence_id: 'two', sequence_end: true }));
  });

  it('leave state to the client where there is no id, as with a model that names none', async () => {
    const [samples] = stepsOf(13);
    const inputs = [
      { ...samplesOf(samples!), data: [...samples!] },
      { name: 'state', datatype: 'FP32', shape: [2, 1, 64], data: Array(128).fill(0) },
    ];
    const free = outputsOf(await infer('free', { inputs }));
    assert.deepEqual(outputsOf(await infer('vad', { inputs })), free);
    assert.deepEqual(outputsOf(await infer('vad', { inputs, parameters: { sequence_id: 0 } })), free);
    const refusal = refusalOf(await infer('vad', { inputs: inputs.slice(0, 1) }));
    assert.equal(refusal.status, 400);
    assert.match(refusal.text, /missing required input\(s\) \['state'\].*or a 'sequence_id' for the server to keep/);
  });

  it('are refused where they were not begun, or their parameters mean nothing', async () => {
    const inputs = [{ ...samplesOf(new Float32Array(16)), data: Array(16).fill(0) }];
    const cases: readonly (readonly [parameters: Parameters, text: RegExp])[] = [
      [{ sequence_id: 77 }, /sequence '77' to model 'vad' version 1 must specify the START flag/],
      [
        { sequence_id: 1.5 },
        /'sequence_id' must be a whole number below 2\^64 or a text of up to 128 characters, not 1.5/,
      ],
      [{ sequence_id: -3 }, /'sequence_id' must be a whole number .* not -3/],
      [{ sequence_id: 1e30 }, /'sequence_id' must be a whole number/],
      [{ sequence_id: true }, /'sequence_id' must be a whole number .* not true/],
      [{ sequence_id: 'x'.repeat(129) }, /'sequence_id' must be .* text of up to 128/],
      [{ sequence_id: 1, sequence_start: 'yes' }, /'sequence_start' must be true or false, not yes/],
      [{ sequence_id: 1, sequence_start: true, sequence_end: 1 }, /'sequence_end' must be true or false, not 1/],
      [{ sequence_start: true }, /'sequence_start' is given without a 'sequence_id'/],
    ];
    for (const [parameters, text] of cases) {
      const refusal = refusalOf(await infer('vad', { parameters, inputs }));
      assert.equal(refusal.status, 400, JSON.stringify(parameters));
      assert.match(refusal.text, text);
    }
    assert.equal(await metric('slipway_sequences_active', 'vad'), 0);
  });

  it('go on at /predictions and at version 1 of the protocols', async () => {
    const steps = stepsOf(17);
    const expected = await expectedOf(steps);
    const answers: number[][] = [];
    for (const [n, samples] of steps.entries()) {
      const parameters = { sequence_id: 'mixed', ...flags(n, steps.length) };
      const inputs = [{ ...samplesOf(samples), data: [...samples] }];
      const isFirst = n % 2 === 0;
      const answer = isFirst
        ? await send(url(), { path: '/predictions/vad', body: JSON.stringify({ parameters, inputs }) })
        : await send(url(), {
            path: '/v1/models/vad:predict',
            body: JSON.stringify({ parameters, inputs: { samples: [[...samples]] } }),
          });
      assert.equal(answer.status, 200, answer.body.toString());
      const { outputs } = jsonOf(answer) as { outputs: unknown };
      const values = isFirst ? (outputs as readonly Output[])[0]!.data : (outputs as number[][])[0]!;
      if (isFirst)
        assert.deepEqual(
          (outputs as Output[]).map(({ name }) => name),
          ['P'],
        );
      answers.push([...values].map(Math.fround));
    }
    assert.deepEqual(answers, expected);
  });

  it('share runs where the graph keeps rows apart, each with its own state', async () => {
    const count = 40;
    const sums = Array.from({ length: count }, () => [0, 0, 0]);
    for (let step = 0; step < 6; step += 1) {
      const answers = await Promise.all(
        sums.map((_, n) => {
          const data = [n * 10 ** step, -n, step];
          const parameters = { sequence_id: n + 1, ...flags(step, 6) };
          return infer('sum', { parameters, inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 3], data }] });
        }),
      );
      for (const [n, answer] of answers.entries()) {
        sums[n] = sums[n]!.map((sum, at) => Math.fround(sum + [n * 10 ** step, -n, step][at]!));
        assert.deepEqual(outputsOf(answer)[0]?.data, sums[n]);
      }
    }
    const stats = jsonOf(await send(url(), { path: '/v2/models/sum/stats' })) as {
      model_stats: { inference_count: number; execution_count: number }[];
    };
    const [{ inference_count: rows, execution_count: runs } = { inference_count: 0, execution_count: 0 }] =
      stats.model_stats;
    assert.equal(rows, 6 * count);
    assert.ok(runs < rows, `${runs} runs of ${rows} rows`);
  });

  it('stand in the metadata, the configuration and the list of extensions', async () => {
    const metadata = jsonOf(await send(url(), { path: '/v2/models/vad' })) as { properties: Parameters };
    assert.equal(metadata.properties['sequence_state'], 'stateN->state');
    assert.equal(metadata.properties['sequence_max_idle_ms'], '60000');
    assert.equal(metadata.properties['sequence_max_active'], '1024');
    const config = jsonOf(await send(url(), { path: '/v2/models/vad/config' })) as {
      sequence_batching: object;
      input: readonly { name: string }[];
      output: readonly { name: string }[];
    };
    // As Triton has it, whose clients fill in every input of the configuration.
    assert.deepEqual(
      [config.input, config.output].map((specs) => specs.some(({ name }) => name.startsWith('state'))),
      [false, false],
    );
    assert.deepEqual(config.sequence_batching, {
      max_sequence_idle_microseconds: 60_000_000,
      oldest: { max_candidate_sequences: 1024 },
      state: [{ input_name: 'state', output_name: 'stateN', data_type: 'TYPE_FP32', dims: [2, -1, 64] }],
    });
    const server = jsonOf(await send(url(), { path: '/v2' })) as { extensions: string[] };
    assert.ok(server.extensions.includes('sequence'));
  });
});
