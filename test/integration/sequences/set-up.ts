import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { openGrpc, type GrpcServer } from '../../support/grpc.js';
import { jsonOf, send, type Answer } from '../../support/http.js';
import { accumulator, accumulatorState, drawNumbers, recurrent, recurrentState } from './recurrent.js';

/** Parameters of a request. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;
/** An output in JSON. */
export interface Output {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Samples of each step of one sequence: of several lengths, loud and silent. */
export const stepsOf = (seed: number, rows = 1): readonly Float32Array<ArrayBuffer>[] =>
  [16, 1, 40, 16, 7].map((length, n) =>
    drawNumbers(rows * length, seed + n).map((sample) => sample * [2, 100, 0, -8, 1][n]!),
  );

let grpc: GrpcServer;
/** The server with its client. */
export const server = (): GrpcServer => grpc;
/** Of the server. */
export const url = () => grpc.server.url;
let plain: InferenceSession;

/** Opens a server for a suite: `vad` and `sum` with state that it keeps, `free` without. */
export function useServer(): void {
  before(async () => {
    grpc = await openGrpc({
      models: [
        { name: 'vad', graph: recurrent, config: recurrentState },
        { name: 'free', graph: recurrent },
        { name: 'sum', graph: accumulator, config: accumulatorState },
      ],
    });
    plain = await InferenceSession.create(writeOnnx(recurrent));
  });
  after(async () => {
    await plain.release();
    await grpc.close();
  });
}

/** What plain ONNX Runtime answers step by step, its state carried by hand. */
export async function expectedOf(steps: readonly Float32Array<ArrayBuffer>[], rows = 1): Promise<readonly number[][]> {
  let state = new Tensor('float32', new Float32Array(2 * rows * 64), [2, rows, 64]);
  const answers: number[][] = [];
  for (const samples of steps) {
    const { P, stateN } = await plain.run({
      samples: new Tensor('float32', samples.slice(), [rows, samples.length / rows]),
      state,
    });
    answers.push([...(P!.data as Float32Array)]);
    state = stateN as typeof state;
  }
  return answers;
}

/** An input without its data. */
export const samplesOf = (samples: Float32Array, rows = 1) => ({
  name: 'samples',
  datatype: 'FP32',
  shape: [rows, samples.length / rows],
});
/** Its data as bytes. */
export const bytesOf = (samples: Float32Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

/** Asks a model in JSON. */
export function infer(model: string, body: object): Promise<Answer> {
  return send(url(), { path: `/v2/models/${model}/infer`, body: JSON.stringify(body) });
}

/** The outputs of an answer that must be one. */
export const outputsOf = (answer: Answer): readonly Output[] => {
  assert.equal(answer.status, 200, answer.body.toString());
  return (jsonOf(answer) as { outputs: Output[] }).outputs;
};

/** What a refused request was told. */
export const refusalOf = (answer: Answer) => ({
  status: answer.status,
  text: (jsonOf(answer) as { error: string }).error,
});

/** Whether a step is the first or the last of so many. */
export const flags = (n: number, of: number): Parameters => ({ sequence_start: n === 0, sequence_end: n === of - 1 });

/** A figure of a model. */
export async function metric(name: string, model: string): Promise<number> {
  const text = (await send(url(), { path: '/metrics' })).body.toString();
  const line = text.split('\n').find((one) => one.startsWith(`${name}{`) && one.includes(`model="${model}"`));
  return Number(line?.split(' ').at(-1));
}
