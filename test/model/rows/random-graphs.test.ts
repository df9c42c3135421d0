import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeOnnx, type Graph } from '../../../src/model/onnx/writer.js';
import { createRandom } from '../../../src/tensor/random.js';
import { proofOf } from './proof.js';
import { randomRowGraph, sizes } from './row-graphs.js';

process.env['ORT_DISABLE_TELEMETRY'] = '1';

const graphs = 500;
const rows = 3;

/** How the runtime's own answers of rows together compare with those of each alone. */
type Outcome = 'same' | 'other' | 'not run';

describe('what is proven of random graphs', () => {
  it('is true in the runtime: rows together give what each gives alone', async () => {
    const random = createRandom(29);
    const counts = { 'proven and same': 0, 'not proven and other': 0 };
    for (let round = 0; round < graphs; round++) {
      const graph = randomRowGraph(random);
      const { proven } = proofOf(graph);
      const outcome = await compare(graph, random);
      if (proven && outcome === 'same') counts['proven and same']++;
      if (!proven && outcome === 'other') counts['not proven and other']++;
      if (proven) assert.notEqual(outcome, 'other', `graph ${round}: ${JSON.stringify(graph.nodes)}`);
    }
    // The graphs are worth something: many are proven and run, and many mix rows.
    assert.ok(counts['proven and same'] > 60 && counts['not proven and other'] > 60, JSON.stringify(counts));
  });
});

async function compare(graph: Graph, random: () => number): Promise<Outcome> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(writeOnnx(graph), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  } catch {
    return 'not run';
  }
  const outcomes: Outcome[] = [];
  for (const tokens of [1, 2, 5]) outcomes.push(await compareRows(session, tokens, random));
  await session.release();
  if (outcomes.includes('other')) return 'other';
  return outcomes.includes('same') ? 'same' : 'not run';
}

async function compareRows(session: InferenceSession, tokens: number, random: () => number): Promise<Outcome> {
  const length = tokens * sizes.width;
  const scales = [1, 100, 0.01];
  const all = Float32Array.from(
    { length: rows * length },
    (_, at) => (random() * 2 - 1) * scales[Math.floor(at / length)]!,
  );
  const run = async (from: number, count: number) => {
    const data = all.slice(from * length, (from + count) * length);
    return (await session.run({ X: new Tensor('float32', data, [count, tokens, sizes.width]) }))['Y']!;
  };
  const alone: Tensor[] = [];
  try {
    for (let row = 0; row < rows; row++) alone.push(await run(row, 1));
  } catch {
    return 'not run';
  }
  try {
    const together = await run(0, rows);
    return together.dims[0] === rows && alone.every((tensor, row) => isRow(tensor, together, row)) ? 'same' : 'other';
  } catch {
    return 'other';
  }
}

function isRow(alone: Tensor, together: Tensor, row: number): boolean {
  const [one, all] = [alone.data as Float32Array, together.data as Float32Array];
  if (one.length * rows !== all.length) return false;
  const scale = Math.max(...one.map(Math.abs), 1e-6);
  return one.every((value, at) => {
    const other = all[row * one.length + at]!;
    return Object.is(value, other) || Math.abs(value - other) <= 1e-4 * scale;
  });
}
