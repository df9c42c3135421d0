// Runs one test after another in plain ONNX Runtime, in a process of its own: what a model does to it ends nothing else.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { halfToNumber, numberToBits } from './elements.js';

const arrays = {
  FP32: ['float32', Float32Array],
  FP64: ['float64', Float64Array],
  FP16: ['float16', Uint16Array],
  INT64: ['int64', BigInt64Array],
  UINT64: ['uint64', BigUint64Array],
  INT32: ['int32', Int32Array],
  UINT32: ['uint32', Uint32Array],
  INT16: ['int16', Int16Array],
  UINT16: ['uint16', Uint16Array],
  INT8: ['int8', Int8Array],
  UINT8: ['uint8', Uint8Array],
  BOOL: ['bool', Uint8Array],
};

process.on('message', ({ path, inputs }) => {
  void answer(path, inputs).then((outcome) => process.send(outcome));
});

async function answer(path, inputs) {
  let session;
  try {
    session = await InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  } catch (error) {
    return { refused: firstLine(error) };
  }
  try {
    const feeds = Object.fromEntries(
      inputs.filter(({ value }) => value).map(({ name, value }) => [name, toTensor(value)]),
    );
    const outputs = await session.run(feeds);
    return { outputs: new Map(Object.entries(outputs).map(([name, tensor]) => [name, fromTensor(tensor)])) };
  } catch (error) {
    return { failed: firstLine(error) };
  } finally {
    await session.release();
  }
}

function toTensor({ datatype, shape, data }) {
  if (datatype === 'BYTES') return new Tensor('string', data, shape);
  const [type, array] = arrays[datatype] ?? [];
  if (array === undefined) throw new Error(`the binding has no tensors of type ${datatype ?? 'sequence'}`);
  const bits = datatype === 'FP16' ? data.map((value) => numberToBits(value, 'FP16')) : data;
  const elements = array.from(bits);
  if (datatype === 'FP16' && typeof Float16Array !== 'undefined')
    return new Tensor(type, new Float16Array(elements.buffer), shape);
  return new Tensor(type, elements, shape);
}

function fromTensor({ type, dims, data }) {
  const [datatype] = Object.entries(arrays).find(([, [name]]) => name === type) ?? ['BYTES'];
  const isBits = datatype === 'FP16' && data instanceof Uint16Array;
  return { datatype, shape: [...dims], data: Array.from(data, isBits ? halfToNumber : (value) => value) };
}

function firstLine(error) {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0].slice(0, 240);
}
