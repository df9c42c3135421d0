import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { writeEdited } from '../../../src/model/onnx/edit/edited-copy.js';
import { readOnnxModel, readRowsProof } from '../../../src/model/onnx/reader.js';
import { tensorType, writeOnnx, type Graph, type Initializer } from '../../../src/model/onnx/writer.js';
import { graphOf, readModel, readRows, writeServed } from '../../../src/repository/reading/read-graph.js';

let folder = '';
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-graph-'))));
after(() => rm(folder, { recursive: true, force: true }));

async function put(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const constant = (name: string, elements = 1): Initializer => ({
  name,
  datatype: 'FP32',
  shape: [elements],
  data: new Float32Array(elements),
});

/** Y = X by so many nodes one after the other, beside initializers that nothing uses. */
function chain(nodes: number, initializers: readonly Initializer[] = []): Graph {
  const nameOf = (index: number) => (index === 0 ? 'X' : index === nodes ? 'Y' : `v${index}`);
  return {
    name: 'g',
    inputs: [{ name: 'X', datatype: 'FP32', shape: [null, 4] }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: [null, 4] }],
    nodes: Array.from({ length: nodes }, (_, n) => ({ op: 'Identity', inputs: [nameOf(n)], outputs: [nameOf(n + 1)] })),
    initializers,
    metadata: { task: 'detect', ['__proto__']: 'a key like any' },
  };
}

const manyConstants = Array.from({ length: 30_000 }, (_, index) => constant(`w${index}`));
const large = { nodes: chain(30_000), initializers: chain(1, manyConstants) };

/** How often the event loop turns until a promise settles. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work.finally(() => (isOver = true));
  return turns;
}

describe('a graph', () => {
  it('is large by its nodes and initializers, not by its weights', async () => {
    for (const [name, graph] of Object.entries(large))
      assert.equal(graphOf(await put(`${name}.onnx`, writeOnnx(graph))).isLarge, true, name);
    const weights = Array.from({ length: 8 }, (_, index) => constant(`w${index}`, 2 ** 18));
    assert.equal(graphOf(await put('weights.onnx', writeOnnx(chain(1, weights)))).isLarge, false);
    assert.equal(graphOf(await put('small.onnx', writeOnnx(chain(100)))).isLarge, false);
    assert.equal(graphOf(await put('noise.onnx', 'noise'.repeat(2 ** 18))).isLarge, false);
    assert.equal(graphOf(join(folder, 'none.onnx')).isLarge, false);
  });

  for (const [name, graph] of Object.entries(large)) {
    it(`that is large by its ${name} is read as any other, and holds up nobody meanwhile`, async () => {
      const path = await put('large.onnx', writeOnnx(graph));
      const [model, rows] = [readModel(graphOf(path)), readRows(graphOf(path))];
      const turns = await turnsDuring(Promise.all([model, rows]));
      assert.ok(turns > 10, `${turns} turns of the event loop`);
      assert.deepEqual(await model, structuredClone(readOnnxModel(path)));
      assert.deepEqual(await rows, readRowsProof(path));
      assert.deepEqual(await rows, { proven: true });
    });
  }

  it('that is large is refused as any other', async () => {
    const bytes = writeOnnx(large.nodes);
    const wrong = { cut: bytes.subarray(0, -10), open: writeOnnx({ ...large.nodes, outputs: [] }) };
    for (const [name, content] of Object.entries(wrong)) {
      const path = await put(`${name}.onnx`, content);
      assert.equal(graphOf(path).isLarge, true, name);
      let refusal: unknown;
      await readModel(graphOf(path)).catch((error: unknown) => (refusal = error));
      assert.ok(refusal instanceof AppError);
      const { code, message } = refusal;
      assert.equal(code, 'MODEL_INVALID');
      assert.throws(() => readOnnxModel(path), { code, message });
    }
  });

  it('that takes too long is refused, and not proven', async () => {
    const path = await put('slow.onnx', writeOnnx(large.nodes));
    const message =
      "The model's graph could not be read: it takes longer than 0 s. Save the model with fewer nodes and initializers.";
    await assert.rejects(readModel(graphOf(path), 1), { code: 'MODEL_INVALID', message });
    assert.deepEqual(await readRows(graphOf(path), 1), { proven: false, reason: message });
    assert.equal((await readModel(graphOf(path))).header.inputs.length, 1);
  });

  it('that is large is changed as any other', async () => {
    const optional = { name: 'O', type: { kind: 'optional', of: tensorType('FP32', [4]) } } as const;
    const path = await put('changed.onnx', writeOnnx({ ...large.nodes, inputs: [...large.nodes.inputs, optional] }));
    const { edit } = await readModel(graphOf(path));
    assert.ok(edit !== undefined);
    assert.deepEqual(edit, readOnnxModel(path).edit);
    const [here, there] = [join(folder, 'here.onnx'), join(folder, 'there.onnx')];
    await writeEdited(path, edit, here);
    const turns = await turnsDuring(writeServed(graphOf(path), edit, there));
    assert.ok(turns > 10, `${turns} turns of the event loop`);
    assert.ok((await readFile(here)).equals(await readFile(there)));
    await assert.rejects(writeServed(graphOf(path), edit, join(folder, 'none', 'there.onnx')), /ENOENT/);
  });
});
