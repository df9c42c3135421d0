import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openStream } from '../../support/grpc.js';
import { drawNumbers } from './recurrent.js';
import { bytesOf, expectedOf, samplesOf, server, stepsOf, useServer } from './set-up.js';

useServer();

describe('sequences over gRPC', () => {
  const messageOf = (samples: Float32Array, parameters: object, id = '') => ({
    model_name: 'vad',
    id,
    parameters,
    inputs: [samplesOf(samples)],
    raw_input_contents: [bytesOf(samples)],
  });
  const parametersOf = (id: object, n: number, of: number) => ({
    sequence_id: id,
    sequence_start: { bool_param: n === 0 },
    sequence_end: { bool_param: n === of - 1 },
  });
  const valuesOf = (message: Readonly<Record<string, unknown>>): readonly number[] => {
    const [raw] = message['raw_output_contents'] as [Buffer];
    return [...new Float32Array(Uint8Array.from(raw).buffer)];
  };

  it('answer what plain ONNX Runtime does, by whole numbers and by texts', async () => {
    for (const id of [{ int64_param: 5 }, { string_param: 'five' }, { uint64_param: '18446744073709551615' }]) {
      const steps = stepsOf(23);
      const answers: (readonly number[])[] = [];
      for (const [n, samples] of steps.entries()) {
        const { message } = await server().infer(messageOf(samples, parametersOf(id, n, steps.length)));
        assert.deepEqual(
          (message['outputs'] as { name: string }[]).map(({ name }) => name),
          ['P'],
        );
        answers.push(valuesOf(message));
      }
      assert.deepEqual(answers, await expectedOf(steps));
    }
  });

  it('keep the order of a stream, whatever sizes its messages have and whichever sequences they belong to', async () => {
    const lengths = [60_000, 3, 20_000, 1, 5, 30_000, 2];
    const sequences = [31, 32].map((seed) => lengths.map((length, n) => drawNumbers(length, seed + n)));
    const stream = openStream(server().client);
    const answers: Readonly<Record<string, unknown>>[] = [];
    const ended = new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
    stream.on('data', (answer) => answers.push(answer as (typeof answers)[number]));
    for (const n of lengths.keys()) {
      for (const [s, steps] of sequences.entries()) {
        const parameters = parametersOf({ int64_param: 900 + s }, n, lengths.length);
        const samples = steps[n]!;
        const loose = { ...messageOf(samples, parameters), raw_input_contents: [] };
        const inputs = [{ ...samplesOf(samples), contents: { fp32_contents: [...samples] } }];
        // Typed contents of a large message are read on another thread, raw ones are not.
        stream.write(n % 2 === 0 ? { ...loose, inputs } : messageOf(samples, parameters));
      }
    }
    stream.end();
    await ended;
    assert.deepEqual(
      answers.map((answer) => answer['error_message']),
      Array(2 * lengths.length).fill(''),
    );
    const values = answers.map((answer) => valuesOf(answer['infer_response'] as (typeof answers)[number]));
    for (const [s, steps] of sequences.entries()) {
      assert.deepEqual(
        values.filter((_, at) => at % 2 === s),
        await expectedOf(steps),
      );
    }
  });

  it('answer no request that waited behind one that failed, until a sequence begins anew', async () => {
    const good = new Float32Array(16).fill(0.25);
    const ask = async (sequence: number): Promise<readonly string[]> => {
      const id = { int64_param: sequence };
      const bad = { ...messageOf(good, parametersOf(id, 1, 9)), raw_input_contents: [Buffer.alloc(3)] };
      const stream = openStream(server().client);
      const errors: string[] = [];
      const ended = new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
      stream.on('data', (answer) => errors.push((answer as { error_message: string }).error_message));
      for (const message of [
        messageOf(good, parametersOf(id, 0, 9)),
        bad,
        messageOf(good, parametersOf(id, 2, 9)),
        messageOf(good, parametersOf(id, 0, 9)),
        messageOf(good, parametersOf(id, 8, 9)),
      ]) {
        stream.write(message);
      }
      stream.end();
      await ended;
      return errors;
    };
    // A message that the network brings only after the failure was answered did not wait behind it, and runs.
    let errors = await ask(41);
    for (let sequence = 42; errors[2] === '' && sequence < 90; sequence++) errors = await ask(sequence);
    assert.match(errors[1]!, /input byte size mismatch for input 'samples'.*Expected 64, got 3/);
    assert.match(errors[2]!, /The request before this one in sequence '\d+' failed/);
    assert.deepEqual([errors[0], errors[3], errors[4]], ['', '', '']);
  });
});
