import { decodeInferRequest } from '../../src/protocol/v2/decode-request.js';
import { encodeInferResponse } from '../../src/protocol/v2/encode.js';
import { validateInferRequest } from '../../src/protocol/validate.js';
import type { NumericData } from '../../src/tensor/datatype.js';
import type { NumericTensor } from '../../src/tensor/tensor.js';

/**
 * What reading and writing tensors as JSON costs beside plain JSON.parse and JSON.stringify of the same text:
 * `node dist/bench/micro/json.js`. Medians of interleaved rounds; ratios hold on any machine, times do not.
 */
interface Work {
  readonly title: string;
  readonly tensor: NumericTensor;
  /** Calls in one round. */
  readonly calls: number;
}

const pixels = 150_528;
const tensorOf = (datatype: NumericTensor['datatype'], data: NumericData): NumericTensor => ({
  datatype,
  shape: [1, data.length],
  data,
});
const spread = (): number => Math.random() * 4 - 2;

const works: readonly Work[] = [
  {
    title: 'FP32 pixels / 255',
    tensor: tensorOf(
      'FP32',
      Float32Array.from({ length: pixels }, (_, i) => ((i * 7919) % 256) / 255),
    ),
    calls: 1,
  },
  { title: 'FP32 random', tensor: tensorOf('FP32', Float32Array.from({ length: pixels }, spread)), calls: 1 },
  {
    title: 'FP64 four digits',
    tensor: tensorOf(
      'FP64',
      Float64Array.from({ length: pixels }, () => Math.round(spread() * 1e4) / 1e4),
    ),
    calls: 1,
  },
  { title: 'FP64 random', tensor: tensorOf('FP64', Float64Array.from({ length: pixels }, spread)), calls: 1 },
  {
    title: 'UINT8 pixels',
    tensor: tensorOf(
      'UINT8',
      Uint8Array.from({ length: pixels }, (_, i) => (i * 7919) % 256),
    ),
    calls: 1,
  },
  {
    title: 'INT64 token ids',
    tensor: tensorOf(
      'INT64',
      BigInt64Array.from({ length: pixels }, (_, i) => BigInt((i * 7919) % 30_000)),
    ),
    calls: 1,
  },
  {
    title: 'INT32[1,16]',
    tensor: tensorOf(
      'INT32',
      Int32Array.from({ length: 16 }, (_, i) => i * 3),
    ),
    calls: 2000,
  },
];

const inputs = ['A', 'B'] as const;

/** Milliseconds of one round: `calls` calls. */
function time(calls: number, run: () => unknown): number {
  const start = performance.now();
  for (let call = 0; call < calls; call++) run();
  return performance.now() - start;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Times our reading and writing, and the plain ones, in turns. */
function measure({ title, tensor, calls }: Work): string {
  const names = calls > 1 ? inputs : inputs.slice(0, 1);
  const specs = names.map((name) => ({ name, datatype: tensor.datatype, shape: [-1, -1] }));
  const model = { name: 'm', inputs: specs, outputs: specs, maxRows: 8 };
  const response = {
    modelName: 'm',
    modelVersion: '1',
    outputs: new Map(names.map((name) => [name, tensor])),
    binaryOutputs: new Set<string>(),
    nonFiniteTokens: false,
  };
  const text = encodeInferResponse(response).body.toString().replace('"outputs"', '"inputs"');
  const body = Buffer.from(text);
  const parsed: unknown = JSON.parse(text);
  const runs = {
    decode: () => validateInferRequest(decodeInferRequest({ body }, model), model),
    parse: () => JSON.parse(text) as unknown,
    encode: () => encodeInferResponse(response),
    stringify: () => JSON.stringify(parsed),
  };
  const times: Record<keyof typeof runs, number[]> = { decode: [], parse: [], encode: [], stringify: [] };
  for (let round = 0; round < 15; round++) {
    for (const kind of Object.keys(runs) as (keyof typeof runs)[]) times[kind].push(time(calls, runs[kind]));
  }
  const [decode, parse, encode, stringify] = (['decode', 'parse', 'encode', 'stringify'] as const).map(
    (kind) => (median(times[kind].slice(5)) / calls) * 1000,
  ) as [number, number, number, number];
  const ratio = (ours: number, plain: number): string => (ours / plain).toFixed(2).padStart(7);
  const both = ratio(decode + encode, parse + stringify);
  return `${title.padEnd(20)}${ratio(decode, parse)}${ratio(encode, stringify)}${both}   ${(decode + encode).toFixed(1).padStart(9)} us`;
}

console.log(`${''.padEnd(20)}   read  write   both`);
for (const work of works) console.log(measure(work));
