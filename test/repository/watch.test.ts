import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Graph } from '../../src/model/onnx/writer.js';
import type { BatchingOff } from '../../src/repository/servable.js';
import type { ServableModel } from '../../src/repository/types.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { mlp } from '../support/mlp.js';
import { putModel } from '../support/models.js';
import { dependentRows, floats, graphOf, node } from './dependent-rows.js';
import { useWorkplace } from './workplace.js';

const place = useWorkplace();

async function serve(graph: Graph, config: object = {}) {
  const root = await place.folder();
  await putModel(root, { name: 'm', graph, config });
  let told: ((event: BatchingOff) => void) | undefined;
  const isOff = new Promise<BatchingOff>((resolve) => (told = resolve));
  const model = (await place.open(root, { onBatchingOff: (event) => told?.(event) })).get('m');
  return { model, isOff };
}

/** Requests of one row each that share runs, every value of a row `factor` times its number. */
async function askTogether(model: ServableModel, count: number, factor: number): Promise<void> {
  const width = model.inputs[0]!.shape[1]!;
  const ask = (value: number) => {
    const data = Float32Array.from({ length: width }, (_, at) => value * factor + Math.sin(at));
    const X: Tensor = { datatype: 'FP32', shape: [1, width], data };
    return model.infer({ inputs: new Map([['X', X]]), outputs: ['Y'], rows: 1, priority: 0, queueTimeoutMs: 0 });
  };
  await Promise.all(Array.from({ length: count }, (_, n) => ask(n - 1)));
}

/** Asks until so many runs were checked. */
async function askUntilChecked(model: ServableModel, runs: number): Promise<void> {
  while (model.statistics.snapshot().sharing.checkedRuns < runs) {
    await askTogether(model, 4, 3);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const byRows = dependentRows.filter(
  ([
    ,
    {
      inputs: [input],
    },
  ]) => {
    return input !== undefined && 'datatype' in input && input.datatype === 'FP32' && input.shape[1] === 4;
  },
);

describe('a model whose rows depend on each other, batched on the word of its model.json,', () => {
  assert.ok(byRows.length >= 6);
  for (const [what, graph] of byRows) {
    it(`is batched no more once an answer was found to be another one alone: ${what}`, async () => {
      const { model, isOff } = await serve(graph, { batching: { maxRows: 8 }, warmup: false });
      for (let round = 0; round < 3; round += 1) await askTogether(model, 6, 20);
      const { fault, ...of } = await isOff;
      assert.deepEqual([of, fault.kind], [{ model: 'm', version: '1' }, 'differs']);
      assert.match(fault.reason, /^output 'Y' depends on the other rows of its run: /);
      assert.equal(model.config.batching.maxRows, 0);
      assert.deepEqual(model.notes.slice(-1), [`Batching was turned off while serving: ${fault.reason}`]);
      const { checkedRuns, differingRuns, turnedOff } = model.statistics.snapshot().sharing;
      assert.ok(checkedRuns >= 1);
      assert.deepEqual([differingRuns, turnedOff], [1, 1]);
    });
  }
});

describe('a model whose rows are independent', () => {
  const wide = { name: 'X', datatype: 'FP32', shape: ['n', 64] } as const;
  const narrow = { name: 'Y', datatype: 'FP32', shape: ['n', 8] } as const;
  const weights = floats('W', [64, 8], ...Array.from({ length: 512 }, (_, n) => Math.sin(n)));
  const shapes = { inputs: [wide], outputs: [narrow] };
  const cases: readonly (readonly [what: string, graph: Graph])[] = [
    ['with 24 bits', mlp({ width: 64, layers: 3 })],
    [
      'with half floats within',
      graphOf(
        'halves',
        [
          node('Cast', ['X'], 'h', { to: 10 }),
          node('Cast', ['W'], 'v', { to: 10 }),
          node('MatMul', ['h', 'v'], 'm'),
          node('Cast', ['m'], 'Y', { to: 1 }),
        ],
        { ...shapes, initializers: [weights] },
      ),
    ],
    [
      'with steps of a quantisation, of which rounding may take the next',
      graphOf(
        'steps',
        [
          node('MatMul', ['X', 'W'], 'm'),
          node('QuantizeLinear', ['m', 'scale', 'zero'], 'q'),
          node('DequantizeLinear', ['q', 'scale', 'zero'], 'Y'),
        ],
        {
          ...shapes,
          initializers: [
            weights,
            floats('scale', [], 0.1),
            { name: 'zero', datatype: 'UINT8', shape: [], data: Uint8Array.of(128) },
          ],
        },
      ),
    ],
  ];
  for (const [what, graph] of cases) {
    it(`stays batched while it is watched, ${what}`, async () => {
      const { model } = await serve(graph, { batching: { maxRows: 8 } });
      await askUntilChecked(model, 5);
      const { differingRuns, turnedOff } = model.statistics.snapshot().sharing;
      assert.deepEqual([model.config.batching.maxRows, differingRuns, turnedOff, model.notes], [8, 0, 0, []]);
    });
  }
});
