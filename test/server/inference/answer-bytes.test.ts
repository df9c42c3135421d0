import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { createCodec } from '../../../src/server/codec/codec.js';
import { infer } from '../../../src/server/inference/inference.js';
import type { ModelView } from '../../../src/server/inference/model-view.js';
import { MemoryBudget, RequestMemory } from '../../../src/server/memory/memory-budget.js';
import type { Tensor } from '../../../src/tensor/tensor.js';

const numbers = (count: number): Tensor => ({
  datatype: 'FP32',
  shape: [count],
  data: new Float32Array(count).fill(3),
});
const text = (bytes: number): Tensor => ({ datatype: 'BYTES', shape: [1], data: ['a'.repeat(bytes)] });

describe('what an answer holds until its client has it', () => {
  const codec = createCodec({ threads: 1 });
  after(() => codec.close());

  /** What a request holds and how long its answer is, where the model gives `json` and, as binary data, `binary`. */
  async function hold(json: Tensor, binary: Tensor, batchRequests: number) {
    const outputs = new Map([
      ['json', json],
      ['binary', binary],
    ]);
    const timings = { queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 };
    const specs = [...outputs].map(([name, { datatype, shape }]) => ({ name, datatype, shape }));
    const view = {
      model: {
        version: '1',
        config: {},
        infer: () => Promise.resolve({ outputs, timings, batchRows: 1, batchRequests }),
      },
      signature: { name: 'm', inputs: [], outputs: specs, maxRows: 0 },
      outputNames: [...outputs.keys()],
    } as unknown as ModelView;
    const body = Buffer.from(
      '{"inputs":[],"outputs":[{"name":"json"},{"name":"binary","parameters":{"binary_data":true}}]}',
    );
    const memory = new RequestMemory(new MemoryBudget(1 << 30));
    const { signal } = new AbortController();
    const answer = await infer(codec, { view, body, headerLength: undefined, signal, trace: undefined, memory });
    const tail = (answer.tail ?? []).reduce((sum, { length }) => sum + length, 0);
    return { held: memory.bytes, sent: answer.body.length + tail };
  }

  const cases: readonly (readonly [what: string, json: Tensor, binary: Tensor])[] = [
    ['numbers that lie in the outputs', numbers(1), numbers(1_000_000)],
    ['numbers that a thread took over', numbers(100_000), numbers(1_000_000)],
    ['a text', numbers(1), text(20_000)],
    ['a text that a thread has written', numbers(1), text(1_000_000)],
  ];
  for (const [what, json, binary] of cases)
    for (const requests of [1, 2])
      it(`is counted with ${what}, of a run of ${requests}`, async () => {
        const copy = binary.datatype === 'BYTES' ? binary : { ...binary, data: binary.data.slice() };
        const { held, sent } = await hold({ ...json, data: json.data.slice() } as Tensor, copy, requests);
        assert.ok(sent > 20_000, `${sent}`);
        assert.ok(held >= sent && held <= 3 * sent, `${held} held, ${sent} sent`);
      });
});
