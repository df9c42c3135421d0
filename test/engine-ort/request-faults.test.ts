import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EngineSession } from '../../src/engine/engine.js';
import type { AppError } from '../../src/errors.js';
import { ortEngine } from '../../src/engine/ort/ort.js';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { writeOnnx, type Graph, type GraphNode } from '../../src/model/onnx/writer.js';

disableTelemetry(process.env);
let folder: string;
let models = 0;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-faults-'))));
after(() => rm(folder, { recursive: true }));

async function open(graph: Graph): Promise<EngineSession> {
  const modelPath = join(folder, `${(models += 1)}.onnx`);
  await writeFile(modelPath, writeOnnx(graph));
  const spec = { modelPath, logId: 'm', provider: 'cpu', deviceId: 0, strict: false, intraOpThreads: 1 } as const;
  return ortEngine.createSession({ ...spec, optimised: false });
}

describe('a run that ONNX Runtime refuses', () => {
  it('says that a request is at fault where its values name what is not there, or sizes that nothing has', async () => {
    const numbers = (name: string, values: readonly number[], shape: readonly number[] = [values.length]) =>
      ({ name, datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) }) as const;
    const table = { name: 'T', datatype: 'FP32', shape: [3], data: Float32Array.of(1, 2, 3) } as const;
    const one = { ...table, name: 'one', shape: [1], data: Float32Array.of(1) } as const;
    const runs = async (node: GraphNode, X: ReturnType<typeof numbers>, initializers: Graph['initializers'] = []) => {
      const session = await open({
        name: 'g',
        inputs: [{ name: 'X', datatype: 'INT64', shape: X.shape.map(() => null) }],
        outputs: [{ name: 'Y', datatype: /^(?:Div|Mod)$/.test(node.op) ? 'INT64' : 'FP32', shape: [null] }],
        nodes: [node],
        initializers: [table, one, ...initializers],
      });
      await assert.rejects(session.run(new Map([['X', X]]), ['Y']), (error: AppError) => {
        assert.equal(error.details['isRequestFault'], true, error.message);
        assert.match(error.message, /^The model cannot run on these values: /);
        assert.doesNotMatch(error.message, /onnxruntime_src/);
        return true;
      });
      await session.release();
    };
    const node = (op: string, inputs: readonly string[]) => ({ op, inputs, outputs: ['Y'] });
    for (const index of [9, -4, 2 ** 40]) {
      await runs(node('Gather', ['T', 'X']), numbers('X', [index]));
      await runs(node('GatherElements', ['T', 'X']), numbers('X', [index]));
      await runs(node('GatherND', ['T', 'X']), numbers('X', [index], [1, 1]));
    }
    await runs(node('ScatterElements', ['T', 'X', 'one']), numbers('X', [9]));
    await runs(node('ScatterND', ['T', 'X', 'one']), numbers('X', [9], [1, 1]));
    for (const op of ['Div', 'Mod']) await runs(node(op, ['seven', 'X']), numbers('X', [0]), [numbers('seven', [7])]);
    await runs(node('Expand', ['T', 'X']), numbers('X', [2, 2]));
    await runs(node('Expand', ['one', 'X']), numbers('X', [-5, 2]));
    // More than an address space: a system that grants any memory that can be named (vm.overcommit_memory = 1) refuses it too.
    await runs(node('Expand', ['one', 'X']), numbers('X', [1e6, 1e8]));
    await runs(node('Expand', ['one', 'X']), numbers('X', [1e15, 1000]));
    await runs(node('Tile', ['one', 'X']), numbers('X', [-5]));
    await runs(node('Reshape', ['T', 'X']), numbers('X', [-7]));
    await runs(node('ConstantOfShape', ['X']), numbers('X', [-7]));
    await runs(node('ConstantOfShape', ['X']), numbers('X', [2 ** 50]));
    await runs({ op: 'TopK', inputs: ['T', 'X'], outputs: ['Y', 'I'] }, numbers('X', [-1]));
    await runs(node('Pad', ['T', 'X']), numbers('X', [-9, 0]));
    await runs(node('Pad', ['T', 'X']), numbers('X', [2 ** 55, 0]));
    await runs(node('Unsqueeze', ['T', 'X']), numbers('X', [7]));
    await runs(node('ReduceSum', ['T', 'X']), numbers('X', [7]));
    const slice = [numbers('from', [0]), numbers('to', [3]), numbers('axis', [0])];
    await runs(node('Slice', ['T', 'from', 'to', 'X']), numbers('X', [7]), slice);
    await runs(node('Slice', ['T', 'from', 'to', 'axis', 'X']), numbers('X', [0]), slice);
  });
});
