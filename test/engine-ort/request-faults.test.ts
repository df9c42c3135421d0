import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { EngineSession } from '../../src/engine/engine.js';
import type { AppError } from '../../src/errors.js';
import { explainRunFault } from '../../src/engine/ort/ort-faults.js';
import { ortEngine } from '../../src/engine/ort/ort.js';
import { disableTelemetry } from '../../src/engine/telemetry.js';
import { writeOnnx, type Graph, type GraphNode } from '../../src/model/onnx/writer.js';
import type { Tensor } from '../../src/tensor/tensor.js';

disableTelemetry(process.env);

const floats = (shape: readonly number[]): Tensor => {
  const data = new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(1);
  return { datatype: 'FP32', shape, data };
};
const whole = (shape: readonly number[], ...values: readonly number[]): Tensor => {
  return { datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) };
};

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

  const steep: Tensor = { datatype: 'FP32', shape: [1, 4], data: Float32Array.of(0, 0, 1e9, 1e9) };
  const outside: Tensor = { datatype: 'FP32', shape: [1, 5], data: Float32Array.of(-1, 0, 0, 2, 2) };
  const refused: readonly {
    readonly op: string;
    readonly inputs: readonly Tensor[];
    readonly constants?: readonly Tensor[];
    readonly attributes?: GraphNode['attributes'];
    readonly domain?: string;
    readonly why: RegExp;
  }[] = [
    {
      op: 'ArgMax',
      inputs: [floats([2, 0])],
      attributes: { axis: 1 },
      why: /ArgMax node.*1 or more in each dimension/,
    },
    { op: 'MaxPool', inputs: [floats([1, 1, 0, 2])], attributes: { kernel_shape: [1, 1] }, why: /Only N can be zero/ },
    { op: 'Multinomial', inputs: [floats([1, 0])], why: /num_classes is < 1/ },
    {
      op: 'MaxUnpool',
      inputs: [floats([1, 1, 1, 1]), whole([1, 1, 1, 1], 99)],
      attributes: { kernel_shape: [2, 2] },
      why: /Got: 99/,
    },
    {
      op: 'MaxUnpool',
      inputs: [floats([1, 1, 1, 1]), whole([1, 1, 1, 2], 0, 1)],
      attributes: { kernel_shape: [2, 2] },
      why: /same as that of the input/,
    },
    { op: 'RoiAlign', inputs: [floats([1, 1, 3, 3]), floats([1, 4]), whole([1], -1)], why: /value -1 at index 0/ },
    { op: 'RoiAlign', inputs: [floats([1, 1, 3, 3]), floats([1, 4]), whole([2], 0, 0)], why: /don't match/ },
    { op: 'ReverseSequence', inputs: [floats([2, 1]), whole([1], 9)], why: /length: 9/ },
    { op: 'ReverseSequence', inputs: [floats([2, 1]), whole([2], 1, 1)], why: /sequence_lens shape/ },
    {
      op: 'ScatterElements',
      inputs: [floats([2, 2]), whole([1, 2], 0, 0), floats([1, 1])],
      why: /differs at position=1/,
    },
    { op: 'ScatterElements', inputs: [floats([2, 2]), whole([1, 3], 0, 0, 0), floats([1, 3])], why: /dim=3 at pos=1/ },
    {
      op: 'ScatterND',
      inputs: [floats([3, 2]), whole([1, 1], 0), floats([1, 1])],
      why: /updates tensor should have shape/,
    },
    { op: 'GatherElements', inputs: [floats([3, 2]), whole([1, 3], 0, 0, 0)], why: /within bounds of 'data' shape/ },
    { op: 'GatherND', inputs: [floats([3, 2]), whole([1, 3], 0, 0, 0)], why: /must not be larger than rank/ },
    { op: 'Pad', inputs: [floats([1, 2]), whole([3], 0, 0, 0)], why: /Pads tensor size/ },
    {
      op: 'Pad',
      inputs: [floats([1, 2]), whole([4], 0, 5, 0, 0)],
      attributes: { mode: 'reflect' },
      why: /exceeds maximum allowed/,
    },
    { op: 'RoiAlign', inputs: [floats([1, 1, 3, 3]), steep, whole([1], 0)], why: /larger than max_size/ },
    {
      op: 'MaxRoiPool',
      inputs: [floats([1, 1, 3, 3]), outside],
      attributes: { pooled_shape: [1, 1] },
      why: /roi_batch_id/,
    },
    { op: 'Det', inputs: [floats([2, 3])], why: /Square matrix/ },
    {
      op: 'UnfoldTensor',
      inputs: [floats([4, 1])],
      domain: 'com.microsoft',
      attributes: { dim: -1, size: 3, step: 1 },
      why: /less than unfold size/,
    },
    {
      op: 'Pad',
      inputs: [floats([1, 4]), whole([4], 0, -4, 0, 3)],
      attributes: { mode: 'edge' },
      why: /zero effective input extent/,
    },
    { op: 'Tile', inputs: [floats([1, 2]), whole([1], 1)], why: /must have the same length/ },
    { op: 'Reshape', inputs: [floats([1, 2]), whole([2], -1, -1)], why: /At most one dimension/ },
    { op: 'Reshape', inputs: [floats([3]), whole([2], 2 ** 32, 2 ** 32)], why: /too many elements/ },
    { op: 'Tile', inputs: [floats([2]), whole([1], 2 ** 40)], why: /would require more than/ },
    {
      op: 'Range',
      inputs: [whole([], -(2 ** 63)), whole([], 2 ** 62), whole([], 1)],
      why: /exceeds the supported range/,
    },
    { op: 'Slice', inputs: [floats([1, 2]), whole([1], 0), whole([2], 1, 1)], why: /shape mismatch/ },
    { op: 'GridSample', inputs: [floats([1, 1, 2, 2]), floats([2, 1, 1, 2])], why: /Grid batch size 2/ },
    {
      op: 'EmbedLayerNormalization',
      domain: 'com.microsoft',
      inputs: [{ datatype: 'INT32', shape: [1, 1], data: Int32Array.of(-1) }],
      constants: [
        { datatype: 'INT32', shape: [1, 1], data: Int32Array.of(0) },
        floats([4, 4]),
        floats([2, 4]),
        floats([2, 4]),
        floats([4]),
        floats([4]),
      ],
      why: /input index out of range/,
    },
    {
      op: 'ArrayFeatureExtractor',
      domain: 'ai.onnx.ml',
      inputs: [floats([1, 3]), whole([1], 9)],
      why: /index is out of range: Y\[0\] \(9\)/,
    },
    {
      op: 'RotaryEmbedding',
      domain: 'com.microsoft',
      inputs: [floats([1, 1, 4]), whole([1, 1], 99)],
      constants: [floats([3, 2]), floats([3, 2])],
      why: /value 99 at index 0 is out of range/,
    },
  ];
  for (const { op, inputs, constants = [], attributes = {}, domain = '', why } of refused) {
    const shapes = inputs.map(({ shape }) => `[${shape.join(',')}]`).join(' ');
    it(`lays it to a request of ${shapes} that ${op} refuses with ${why.source}`, async () => {
      const asked = inputs.map((tensor, index) => ({ ...tensor, name: `x${index}` }));
      const fixed = constants.map((tensor, index) => ({ ...tensor, name: `c${index}` }));
      const names = [...asked, ...fixed].map(({ name }) => name);
      const session = await open({
        name: 'g',
        inputs: asked.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(() => null) })),
        outputs: [
          {
            name: 'Y',
            datatype: /^(?:ArgMax|Range)$/.test(op) ? 'INT64' : op === 'Multinomial' ? 'INT32' : 'FP32',
            shape: [null],
          },
        ],
        nodes: [{ op, domain, inputs: names, outputs: op.startsWith('Embed') ? ['Y', 'M'] : ['Y'], attributes }],
        initializers: fixed,
        opsets: domain === '' ? {} : { [domain]: 1 },
      });
      const run = session.run(new Map(asked.map(({ name, ...tensor }) => [name, tensor])), ['Y']);
      await assert.rejects(run, (error: AppError) => {
        assert.match(error.message, why);
        assert.equal(error.details['isRequestFault'], true, error.message);
        return true;
      });
      await session.release();
    });
  }

  it('stays a fault of the server where the device failed, whatever else is said, and where no kernel refused', () => {
    const kernel = "Non-zero status code returned while running Conv node. Name:'index out of range' Status Message:";
    for (const text of [
      'index out of range',
      'vector::_M_range_check: __n (which is 3) >= this->size() (which is 2)',
      `${kernel} CUDNN failure 5000: value 3 is out of range ; GPU=0`,
      `${kernel} CUDA failure 1: invalid argument for the index, out of range ; GPU=0`,
      `${kernel} some internal state is broken`,
      kernel,
    ])
      assert.equal(explainRunFault(new Error(text)).details['isRequestFault'], undefined, text);
    assert.equal(explainRunFault(new Error(kernel), { isEmpty: true }).details['isRequestFault'], true);
  });

  it('is the fault of its request where it gets no memory in a process that is held to a limit, and else is not', () => {
    const none = "Non-zero status code returned while running Expand node. Name:'' Status Message: std::bad_alloc";
    const held = explainRunFault(new Error(none), { mostBytes: 7_000_000, isHeld: true });
    assert.equal(held.details['isRequestFault'], true);
    assert.match(
      held.message,
      /more memory would be needed than the 7000000 bytes that its process may have \(.*Expand/,
    );
    assert.equal(explainRunFault(new Error(none), { isHeld: false }).details['isRequestFault'], undefined);
    const device = none.replace('std::bad_alloc', 'CUDA std::bad_alloc');
    assert.equal(explainRunFault(new Error(device), { isHeld: true }).details['isRequestFault'], undefined);
  });
});
