import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noiseOf } from '../../../src/model/noise-of.js';
import { parseOnnxModel } from '../../../src/model/onnx/header.js';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { completeConfig } from '../../../src/model/complete/complete-config.js';
import { measureRows, type Measurement } from '../../../src/repository/proof/batch-proof.js';
import { sizeSettings } from '../../../src/repository/proof/made-up-inputs.js';
import { dependentRows, floats, graphOf, int64, ints, node } from '../dependent-rows.js';
import { putModel } from '../../support/models.js';
import { specOf } from '../../workers/queue.js';
import { useWorkplace } from '../workplace.js';

const place = useWorkplace();

/** What the measurement alone says of a model, as though its graph were proven. */
async function measure(graph: Graph): Promise<Measurement> {
  const path = await putModel(await place.folder(), { name: graph.name, graph });
  const session = await place.runner.load(specOf(path), { instances: 1, next: () => undefined });
  const bytes = writeOnnx(graph);
  const { header } = parseOnnxModel({ size: bytes.length, read: (from, to) => Buffer.from(bytes.subarray(from, to)) });
  const outputs = header.outputs.map(({ name }) => name);
  try {
    return await measureRows({
      run: async (requests) => (await session.runOn(0, { requests, rows: requests.length, outputs })).outputs,
      settings: sizeSettings(header, completeConfig({}, header, 'cpu')),
      noise: noiseOf(header, 'cpu'),
    });
  } finally {
    await session.unload();
  }
}

describe('the measurement finds rows that depend', () => {
  for (const [what, graph] of dependentRows) {
    it(what, async () => {
      const measured = await measure(graph);
      assert.equal(measured.kind, 'obstacle');
      assert.match((measured as { reason: string }).reason, /depends on the rows beside it|several rows/);
    });
  }

  it('on tokens that are one output each, whatever the names of their dimensions say', async () => {
    const tokens = graphOf('tokens', [node('Gather', ['table', 'X'], 'G'), node('Reshape', ['G', 'target'], 'Y')], {
      inputs: [ints('X', ['batch', 'length'])],
      outputs: [{ name: 'Y', datatype: 'FP32', shape: ['batch', 3] }],
      initializers: [floats('table', [2, 3], 1, 2, 3, 4, 5, 6), int64('target', -1, 3)],
    });
    assert.deepEqual(await measure(tokens), { kind: 'obstacle', reason: "output 'Y' has the shape [3,3] for one row" });
  });
});

describe('the measurement lets pass', () => {
  const width = 64;
  const weights = floats('W', [width, 8], ...Array.from({ length: width * 8 }, (_, n) => Math.sin(n)));
  const wide = { name: 'X', datatype: 'FP32', shape: ['n', width] } as const;
  const narrow = { name: 'Y', datatype: 'FP32', shape: ['m', 8] } as const;
  const independent: readonly (readonly [what: string, graph: Graph])[] = [
    [
      'a perceptron of rows, with a column far above the others',
      graphOf(
        'perceptron',
        [node('MatMul', ['X', 'W'], 'm'), node('Relu', ['m'], 'r'), node('Add', ['r', 'bias'], 'Y')],
        {
          inputs: [wide],
          outputs: [narrow],
          initializers: [weights, floats('bias', [8], 1e6, 0, 0, 0, 0, 0, 0, 1e-6)],
        },
      ),
    ],
    [
      'a static quantisation, whose steps may flip',
      graphOf(
        'static',
        [
          node('MatMul', ['X', 'W'], 'm'),
          node('QuantizeLinear', ['m', 'scale', 'zero'], 'q'),
          node('DequantizeLinear', ['q', 'scale', 'zero'], 'Y'),
        ],
        {
          inputs: [wide],
          outputs: [narrow],
          initializers: [
            weights,
            floats('scale', [], 0.1),
            { name: 'zero', datatype: 'UINT8', shape: [], data: Uint8Array.of(128) },
          ],
        },
      ),
    ],
    [
      'half floats within',
      graphOf(
        'halves',
        [
          node('Cast', ['X'], 'h', { to: 10 }),
          node('Cast', ['W'], 'v', { to: 10 }),
          node('MatMul', ['h', 'v'], 'm'),
          node('Cast', ['m'], 'Y', { to: 1 }),
        ],
        { inputs: [wide], outputs: [narrow], initializers: [weights] },
      ),
    ],
    [
      'a table that takes few indices, beside an input that takes many',
      graphOf(
        'tables',
        [node('Gather', ['small', 'X'], 'a'), node('Gather', ['large', 'Z'], 'b'), node('Add', ['a', 'b'], 'Y')],
        {
          inputs: [ints('X', ['n', 'length']), ints('Z', ['n', 'length'])],
          outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n', 'length'] }],
          initializers: [
            floats('small', [2], 1, 2),
            floats('large', [2000], ...Array.from({ length: 2000 }, (_, n) => n)),
          ],
        },
      ),
    ],
  ];
  for (const [what, graph] of independent) {
    it(what, async () => {
      assert.deepEqual(await measure(graph), { kind: 'agrees' });
    });
  }
});
