import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { EngineSession, SessionSpec } from '../../src/engine/engine.js';
import { ortEngine } from '../../src/engine/ort/ort.js';
import { createProvenSession } from '../../src/engine/placement.js';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { writeOnnx, type Graph } from '../../src/model/onnx/writer.js';
import { jsonOf, send } from '../support/http.js';
import { oneOfDivision } from '../support/models.js';
import { serveFor } from '../support/server.js';

disableTelemetry(process.env);

async function withSpec(graph: Graph, use: (spec: SessionSpec) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-optimiser-'));
  try {
    const modelPath = join(folder, 'model.onnx');
    await writeFile(modelPath, writeOnnx(graph));
    await use({
      modelPath,
      logId: 'm',
      provider: 'cpu',
      deviceId: 0,
      strict: false,
      intraOpThreads: 1,
      optimised: false,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Both signs, zero, large and small, in rows of four. */
const values = [0.5, -0.25, 0, 65504, -3e38, 1e-30, 7, -1];

const swishOfDoubles: Graph = {
  name: 'swish',
  inputs: [{ name: 'X', datatype: 'FP64', shape: ['batch', 4] }],
  outputs: [{ name: 'Y', datatype: 'FP64', shape: ['batch', 4] }],
  nodes: [
    { op: 'Mul', inputs: ['X', 'factor'], outputs: ['steep'] },
    { op: 'Sigmoid', inputs: ['steep'], outputs: ['gate'] },
    { op: 'Mul', inputs: ['X', 'gate'], outputs: ['Y'] },
  ],
  initializers: [{ name: 'factor', datatype: 'FP64', shape: [], data: Float64Array.of(1.5) }],
};

async function runDoubles(session: EngineSession, data: readonly number[]): Promise<readonly number[]> {
  const X = { datatype: 'FP64', shape: [data.length / 4, 4], data: Float64Array.from(data) } as const;
  return [...((await session.run(new Map([['X', X]]), ['Y'])).get('Y')?.data as Float64Array)];
}

function assertClose(values: readonly number[], expected: readonly number[], tolerance = 1e-12): void {
  assert.equal(values.length, expected.length);
  for (const [index, value] of values.entries()) {
    const wanted = expected[index] ?? NaN;
    assert.ok(Math.abs(value - wanted) <= tolerance * Math.abs(wanted), `${value} at ${index}, expected ${wanted}`);
  }
}

/** Y = X / sqrt(mean(X * X) + epsilon) * (1 to 4) over rows of four, of doubles. */
function rootMeanSquareNorm(epsilon: number): Graph {
  const scalar = (name: string, value: number) =>
    ({ name, datatype: 'FP64', shape: [], data: Float64Array.of(value) }) as const;
  return {
    name: 'norm',
    inputs: [{ name: 'X', datatype: 'FP64', shape: ['batch', 4] }],
    outputs: [{ name: 'Y', datatype: 'FP64', shape: ['batch', 4] }],
    nodes: [
      { op: 'Pow', inputs: ['X', 'two'], outputs: ['squares'] },
      { op: 'ReduceMean', inputs: ['squares'], outputs: ['mean'], attributes: { axes: [-1], keepdims: 1 } },
      { op: 'Add', inputs: ['mean', 'epsilon'], outputs: ['sum'] },
      { op: 'Sqrt', inputs: ['sum'], outputs: ['root'] },
      { op: 'Div', inputs: ['X', 'root'], outputs: ['norm'] },
      { op: 'Mul', inputs: ['norm', 'scale'], outputs: ['Y'] },
    ],
    initializers: [
      scalar('two', 2),
      scalar('epsilon', epsilon),
      { name: 'scale', datatype: 'FP64', shape: [4], data: Float64Array.of(1, 2, 3, 4) },
    ],
  };
}

describe('a root mean square norm of doubles', () => {
  for (const epsilon of [1e-12, 1e-5, 1e-3, 0.5])
    it(`has the epsilon of its file, ${epsilon}`, async (context) => {
      const graph = rootMeanSquareNorm(epsilon);
      const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
      for (const rows of [1, 3]) {
        const data = Array.from({ length: rows * 4 }, (_, index) => [0.01, -0.02, 0.03, 0][index % 4] ?? 0);
        const inputs = [{ name: 'X', datatype: 'FP64', shape: [rows, 4], data }];
        const answer = await send(url, { path: '/v2/models/m/infer', body: JSON.stringify({ inputs }) });
        const { outputs } = jsonOf(answer) as { outputs: readonly { data: readonly number[] }[] };
        const root = Math.sqrt((0.01 ** 2 + 0.02 ** 2 + 0.03 ** 2) / 4 + epsilon);
        const expected = data.map((x, index) => (x / root) * ((index % 4) + 1));
        assertClose(outputs[0]?.data ?? [], expected, 1e-9);
      }
    });
});

describe('a model that the runtime cannot load as its optimiser changes it', () => {
  for (const op of ['Identity', 'Dropout', 'Cast'] as const)
    for (const isFirst of [true, false])
      it(`is loaded as its file has it (${op} before Mul, ${isFirst ? 'first' : 'second'})`, () =>
        withSpec(oneOfDivision(op, isFirst), async (spec) => {
          const { session, placement } = await createProvenSession(ortEngine, spec);
          assert.match(placement.optimiserFault ?? '', /Node input 'mid' is not a graph input, initializer, or output/);
          const X = { datatype: 'FP32', shape: [2, 4], data: Float32Array.from(values) } as const;
          assert.deepEqual((await session.run(new Map([['X', X]]), ['Y'])).get('Y'), X);
          await session.release();
        }));

  it('keeps its values where only a kernel is missing for what the optimiser made: x * sigmoid(1.5 x) of doubles', () =>
    withSpec(swishOfDoubles, async (spec) => {
      for (const hasDoubles of [false, true]) {
        const { session, placement } = await createProvenSession(ortEngine, { ...spec, hasDoubles });
        if (hasDoubles) assert.equal(placement.optimiserFault, undefined);
        else assert.match(placement.optimiserFault ?? '', /Failed to find kernel for com\.microsoft\.QuickGelu/);
        const data = [-3, -0.5, 0, 1e-3, 2, 40, -1, 1e300];
        const Y = await runDoubles(session, data);
        assertClose(
          Y,
          data.map((x) => x / (1 + Math.exp(-1.5 * x))),
        );
        await session.release();
      }
    }));

  it('is served, and its notes say what it may cost', async (context) => {
    const graph = oneOfDivision('Identity', true);
    const { url } = await serveFor(context, { models: [{ name: 'm', graph }] });
    for (const rows of [1, 2, 5]) {
      const data = Array.from({ length: rows * 4 }, (_, index) => (values[index % 8] ?? 0) * 2 ** -index);
      const inputs = [{ name: 'X', datatype: 'FP32', shape: [rows, 4], data }];
      const answer = await send(url, { path: '/v2/models/m/infer', body: JSON.stringify({ inputs }) });
      const { outputs } = jsonOf(answer) as { outputs: readonly { shape: number[]; data: number[] }[] };
      assert.deepEqual(outputs[0]?.shape, [rows, 4]);
      assert.deepEqual(Float32Array.from(outputs[0].data), Float32Array.from(data));
    }
    const { notes } = jsonOf(await send(url, { path: '/v2/models/m' })) as { notes: readonly string[] };
    assert.match(notes.join('\n'), /ONNX Runtime's optimiser makes a graph of it that cannot be loaded \(/);
  });

  it('is refused with the first error where no level helps', () =>
    withSpec(
      { ...oneOfDivision('Identity', true), nodes: [{ op: 'Relu', inputs: ['none'], outputs: ['Y'] }] },
      (spec) =>
        assert.rejects(ortEngine.createSession(spec), {
          code: 'MODEL_INVALID',
          message: /Node input 'none' is not a graph input/,
        }),
    ));
});
