import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Graph } from '../../src/model/onnx/writer.js';
import { startRunner, type RunnerOptions, type RunnerPool } from '../../src/workers/pool.js';
import { processLink } from '../../src/workers/processes/process-link.js';
import type { RunJob, RunOutcome } from '../../src/workers/runner.js';
import { identity, integerDivision, loopsWhileTrue, putModel, sumAndDifference } from '../support/models.js';
import { firstSum, Queue, specOf, sumJob } from './queue.js';

const smallest = -(2n ** 63n);
let folder: string;
let division: string;
let remainder: string;
let endless: string;
let sums: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-apart-'));
  division = await putModel(folder, { name: 'division', graph: integerDivision() });
  remainder = await putModel(folder, { name: 'remainder', graph: integerDivision('Mod') });
  endless = await putModel(folder, { name: 'endless', graph: loopsWhileTrue });
  sums = await putModel(folder, { name: 'sums', graph: sumAndDifference });
});
after(() => rm(folder, { recursive: true }));

async function start(t: TestContext, options: Partial<RunnerOptions> = {}): Promise<RunnerPool> {
  const runner = await startRunner({ workers: 1, env: process.env, ...options });
  t.after(() => runner.close());
  return runner;
}

function divide(a: bigint, b: bigint): RunJob {
  const value = (data: bigint) => ({ datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(data) }) as const;
  const request = new Map([
    ['A', value(a)],
    ['B', value(b)],
  ]);
  return { requests: [request], rows: 1, outputs: ['Y'] };
}

const loop = (limit: number): RunJob => ({
  requests: [
    new Map([
      ['X', { datatype: 'INT64', shape: [], data: BigInt64Array.of(5n) }],
      ['L', { datatype: 'FP32', shape: [], data: Float32Array.of(limit) }],
    ]),
  ],
  rows: 0,
  outputs: ['Y'],
});

const quotient = ({ outputs }: RunOutcome) => [...(outputs.get('Y')?.data as BigInt64Array)];

describe('a session that runs apart', () => {
  it('that faults in native code fails only the run that did it, by its signal, and comes back', async (t) => {
    const runner = await start(t);
    const [queue, other] = [new Queue(), new Queue()];
    const bystander = await runner.load(specOf(sums, 'sums'), { instances: 1, next: other.next });
    for (const path of [division, remainder]) {
      const session = await runner.load(specOf(path, 'd/1'), { instances: 1, next: queue.next, apart: true });
      assert.deepEqual([session.loaded.apart, session.loaded.instances], [true, 1]);
      const faults = assert.rejects(queue.run(session, divide(smallest, -1n)), {
        code: 'WORKER_LOST',
        message: /apart-\d \(d\/1\) was lost while it worked: its process ended with signal SIGFPE/,
      });
      const [waiting, beside] = await Promise.all([
        queue.run(session, divide(7n, 2n)),
        other.run(bystander, sumJob(2, 3)),
      ]);
      await faults;
      assert.deepEqual(quotient(waiting), path === division ? [3n] : [1n]);
      assert.equal(firstSum(beside), 5);
      assert.deepEqual(quotient(await queue.run(session, divide(smallest, 1n))), path === division ? [smallest] : [0n]);
      await session.unload();
    }
    assert.equal(firstSum(await other.run(bystander, sumJob(1, 1))), 2);
    assert.deepEqual(
      runner.status().workers.map(({ name }) => name),
      ['cpu-0'],
    );
  });

  it('that is killed comes back', async (t) => {
    const runner = await start(t);
    const queue = new Queue();
    const session = await runner.load(specOf(division, 'k/1'), { instances: 1, next: queue.next, apart: true });
    process.kill(await findProcess('apart-1 (k/1)'), 'SIGKILL');
    const answers = await Promise.allSettled([1n, 2n].map((value) => queue.run(session, divide(value, 1n))));
    assert.ok(answers.some(({ status }) => status === 'fulfilled'));
  });

  it('carries large and many kinds of tensors unchanged', async (t) => {
    const runner = await start(t);
    const queue = new Queue();
    const values = Float32Array.from({ length: 150_528 }, (_, index) => Math.sin(index) * 10 ** ((index % 60) - 30));
    const kinds = [
      { datatype: 'FP32', shape: [150_528], data: values },
      { datatype: 'INT64', shape: [2], data: BigInt64Array.of(smallest, 2n ** 63n - 1n) },
      { datatype: 'UINT8', shape: [0], data: new Uint8Array(0) },
      { datatype: 'BYTES', shape: [2], data: ['', '\u00e9\u{1f600}'].map((text) => Buffer.from(text)) },
    ] as const;
    for (const tensor of kinds) {
      const graph = identity(tensor.datatype, ['n']);
      const path = await putModel(folder, { name: `same-${tensor.datatype}`, graph });
      const session = await runner.load(specOf(path), { instances: 1, next: queue.next, apart: true });
      const { outputs } = await queue.run(session, {
        requests: [new Map([['X', tensor]])],
        rows: 0,
        outputs: ['Y'],
      });
      const { shape, data } = outputs.get('Y') ?? { shape: [], data: [] };
      assert.deepEqual(shape, tensor.shape);
      assert.deepEqual([...data].map(plain), [...tensor.data].map(plain));
      await session.unload();
    }
  });

  it('whose run passes the limit loses its process and nothing else', async (t) => {
    const stuck: string[] = [];
    const runner = await start(t, { runLimitMs: 300, events: { onStuck: ({ session }) => stuck.push(session) } });
    const [queue, other] = [new Queue(), new Queue()];
    const bystander = await runner.load(specOf(sums, 'sums'), { instances: 1, next: other.next });
    const session = await runner.load(specOf(endless, 'e/1'), { instances: 1, next: queue.next, apart: true });
    const hung = assert.rejects(queue.run(session, loop(0)), {
      code: 'WORKER_LOST',
      message: /e\/1.*a run took longer than the limit of 300 ms/,
    });
    assert.equal(firstSum(await other.run(bystander, sumJob(2, 3))), 5);
    await hung;
    assert.deepEqual(quotient(await queue.run(session, loop(2000))), [5n]);
    assert.deepEqual(stuck, []);
  });

  it('that faults too often is given up, alone, and says why', async (t) => {
    const respawn = { maxLosses: 2, windowMs: 60_000, firstDelayMs: 1, longestDelayMs: 1 };
    const runner = await start(t, { respawn });
    const [queue, other] = [new Queue(), new Queue()];
    const bystander = await runner.load(specOf(sums, 'sums'), { instances: 1, next: other.next });
    const lost: string[] = [];
    const session = await runner.load(specOf(division, 'd/1'), {
      instances: 1,
      next: queue.next,
      apart: true,
      onLost: (reason) => lost.push(reason),
    });
    const faults = [1, 2].map(() => queue.run(session, divide(smallest, -1n)));
    await Promise.allSettled(faults);
    await assert.rejects(queue.run(session, divide(7n, 2n)), { code: 'WORKER_LOST', message: /SIGFPE/ });
    assert.equal(lost.length, 1);
    assert.match(lost[0] ?? '', /^2 workers were lost within 60 s; .*SIGFPE/);
    assert.equal(runner.status().healthy, true);
    assert.equal(firstSum(await other.run(bystander, sumJob(2, 3))), 5);
    await session.unload();
  });

  it('ends with its server, also while native code keeps it busy and its server is killed', async () => {
    const owner = fork(new URL('./apart-owner.js', import.meta.url), [endless], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [helper] = (await once(owner, 'message')) as [number];
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    while (isAlive(helper)) await wait(50);
  });
});

const plain = (value: unknown) =>
  typeof value === 'string' || value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The process whose title ends so. */
async function findProcess(title: string): Promise<number> {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  for (const pid of children.trim().split(' ')) {
    const found = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (found.includes(title)) return Number(pid);
  }
  throw new Error(`No child is named ${title}: ${children}`);
}

/** Y = X written so often as N says. */
const repeats: Graph = {
  name: 'repeats',
  inputs: [{ name: 'N', datatype: 'INT64', shape: [1] }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: ['n'] }],
  nodes: [{ op: 'Expand', inputs: ['one', 'N'], outputs: ['Y'] }],
  initializers: [{ name: 'one', datatype: 'FP32', shape: [1], data: Float32Array.of(1) }],
};

describe(
  'a process with a limit of memory',
  { skip: process.platform !== 'linux' && 'only Linux holds a process to it' },
  () => {
    it('fails the run that would need more, as the fault of its request, and goes on', async (t) => {
      const runner = await start(t, { processMemory: () => 2 ** 30 });
      const path = await putModel(folder, { name: 'repeats', graph: repeats });
      const queue = new Queue();
      const session = await runner.load(specOf(path), { instances: 1, apart: true, next: queue.next });
      const repeat = (count: number): RunJob => ({
        requests: [new Map([['N', { datatype: 'INT64', shape: [1], data: BigInt64Array.of(BigInt(count)) }]])],
        rows: 0,
        outputs: ['Y'],
      });
      await assert.rejects(queue.run(session, repeat(500_000_000)), {
        code: 'ENGINE_FAILED',
        message: /more memory would be needed than the 10[67]\d{7} bytes that its process may have.*request less/,
      });
      const { outputs } = await queue.run(session, repeat(3));
      assert.deepEqual(outputs.get('Y')?.data, Float32Array.of(1, 1, 1));
      assert.equal(runner.status().restarts, 0);
    });
  },
);

describe('the link to a process', () => {
  it('tells the end alone, and no unreadable answer, where an order meets a process that was killed', async () => {
    const entry = new URL('../../src/workers/host/worker-process.js', import.meta.url);
    const told: string[] = [];
    const end = await new Promise<string>((resolve) => {
      const link = processLink(entry, process.env)('ended-1', {
        onAnswer: () => {
          link.kill?.();
          const pause = new Int32Array(new SharedArrayBuffer(4));
          // The event loop must not turn before the order meets a pipe that nobody reads.
          while (!childStates().includes('Z')) Atomics.wait(pause, 0, 0, 1);
          link.send({ kind: 'stop' }, []);
        },
        onUnreadable: (error) => told.push(String(error)),
        onEnd: resolve,
      });
    });
    assert.match(end, /its process ended with signal SIGKILL/);
    assert.deepEqual(told, []);
  });
});

function childStates(): readonly string[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return children.map((pid) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '');
}
