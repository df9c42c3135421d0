import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { InferResult, QueuedRequest } from '../../src/batching/types.js';
import type { Graph, GraphDim } from '../../src/model/onnx/writer.js';
import { openRepository, type RepositoryOptions } from '../../src/repository/model-repository.js';
import type { ModelRepository, ServableModel } from '../../src/repository/types.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { startRunner, type RunnerPool } from '../../src/workers/pool.js';

/** Workers and folders for the tests of one file, taken away at its end. */
export interface Workplace {
  readonly runner: RunnerPool;
  /** Workers that share copies of models, however small, from a folder of their own. */
  sharing(folder: string): Promise<RunnerPool>;
  /** A new empty folder. */
  folder(): Promise<string>;
  /** Opens a repository that has just begun to load. */
  begin(root: string, options?: Partial<RepositoryOptions>): Promise<ModelRepository>;
  /** Opens a repository and waits until everything in it is ready or has failed. */
  open(root: string, options?: Partial<RepositoryOptions>): Promise<ModelRepository>;
}

export function useWorkplace(): Workplace {
  let home = '';
  let runner: RunnerPool | undefined;
  const opened: ModelRepository[] = [];
  const sharing: RunnerPool[] = [];
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'slipway-repository-'));
    runner = await startRunner({ workers: 2, env: process.env });
  });
  after(async () => {
    for (const repository of opened) await repository.close();
    for (const pool of [runner, ...sharing]) await pool?.close();
    await rm(home, { recursive: true, force: true });
  });
  const begin: Workplace['begin'] = async (root, options = {}) => {
    const repository = await openRepository({
      root,
      runner: runner!,
      intraOpThreads: 1,
      cpus: 2,
      chooseProvider: () => Promise.resolve({ provider: 'cpu', reason: 'cpu works' }),
      temporaryFolder: home,
      lingerMs: 0,
      clock: () => 1_700_000_000_000,
      ...options,
    });
    opened.push(repository);
    return repository;
  };
  return {
    get runner() {
      return runner!;
    },
    sharing: async (folder) => {
      const weightsCache = { folder, minBytes: 0 };
      const pool = await startRunner({ workers: 1, env: process.env, weightsCache });
      sharing.push(pool);
      return pool;
    },
    folder: () => mkdtemp(join(home, 'models-')),
    begin,
    async open(root, options) {
      const repository = await begin(root, options);
      await repository.settled();
      return repository;
    },
  };
}

/** Y = X + k on FP32 [batch,4], so that an answer tells which model gave it. */
export function addsConstant(k: number, shape: readonly GraphDim[] = ['batch', 4]): Graph {
  return {
    name: `adds-${k}`,
    inputs: [{ name: 'X', datatype: 'FP32', shape }],
    outputs: [{ name: 'Y', datatype: 'FP32', shape }],
    nodes: [{ op: 'Add', inputs: ['X', 'k'], outputs: ['Y'] }],
    initializers: [{ name: 'k', datatype: 'FP32', shape: [1], data: Float32Array.of(k) }],
  };
}

/** A request of one row of four floats. */
export function rowOf(value: number): QueuedRequest {
  const X: Tensor = { datatype: 'FP32', shape: [1, 4], data: new Float32Array(4).fill(value) };
  return { inputs: new Map([['X', X]]), outputs: ['Y'], rows: 1, priority: 0, queueTimeoutMs: 0 };
}

function firstOf({ outputs }: InferResult, name = 'Y'): unknown {
  return outputs.get(name)?.data[0];
}

/** The constant that a model made by `addsConstant` adds now. */
export async function constantOf(model: ServableModel): Promise<unknown> {
  return firstOf(await model.infer(rowOf(0)));
}

/** The same of a model that a server serves, by its name. Throws for every answer that is no success. */
export async function askConstant(url: string, model: string): Promise<number> {
  const body = JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 4], data: [0, 0, 0, 0] }] });
  const answer = await fetch(`${url}/v2/models/${model}/infer`, { method: 'POST', body });
  assert.equal(answer.status, 200, await answer.clone().text());
  const { outputs } = (await answer.json()) as { readonly outputs: readonly { readonly data: readonly number[] }[] };
  return outputs[0]?.data[0] ?? NaN;
}
