import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeOnnx } from '../../../src/model/onnx/writer.js';
import { createCodec } from '../../../src/server/codec/codec.js';
import { startRunner } from '../../../src/workers/pool.js';
import { encodeInferRequest } from '../../../src/protocol/client.js';
import { identityModel } from '../../protocol/sum-model.js';
import { putModel, slowProduct, sumAndDifference } from '../../support/models.js';
import { LongRuns } from '../../../src/workers/host/niceness.js';
import { Queue, specOf } from '../queue.js';

const main = fileURLToPath(new URL('../../../src/server/main.js', import.meta.url));

describe('a server that stands behind other processes', () => {
  it('loads models that are tried in processes of their own, which may not come forward again', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-nice-'));
    await writeFile(join(folder, 'x.onnx'), writeOnnx(sumAndDifference));
    // Only the right CAP_SYS_NICE lets a process come forward: root gives it up, others have not got it.
    const withoutTheRight = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-sys_nice'] : [];
    const flags = ['--port', '0', '--models', join(folder, 'x.onnx'), '--cache-dir', join(folder, 'cache')];
    const child = spawn('nice', [
      '-n',
      '15',
      ...withoutTheRight,
      process.execPath,
      main,
      ...flags,
      '--execution-provider',
      'cpu',
    ]);
    const ended = once(child, 'exit');
    context.after(async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, maxRetries: 5 });
    });
    const lines: string[] = [];
    for await (const line of createInterface(child.stderr)) {
      lines.push(line);
      if (/^(ready in|not ready)/.test(line)) break;
    }
    assert.match(lines.at(-1) ?? '', /^ready in/, lines.join('\n'));
  });
});

const isLinux = process.platform === 'linux';

/** Where the threads of a process stand, its main thread's first. */
function niceness(pid: number): readonly number[] {
  // The system begins again with small numbers once it has dealt the largest: its number need not be the smallest.
  const others = readdirSync(`/proc/${pid}/task`).filter((task) => task !== String(pid));
  return [String(pid), ...others].map((task) => {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    // The name, which may hold anything, ends with the last bracket; the value is the 17th after it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

describe('threads that compute', { skip: isLinux ? false : 'only on Linux has each thread a place' }, () => {
  const own = getPriority();
  const behind = Math.min(own + 5, 19);
  const countBehind = (): number => niceness(process.pid).filter((value) => value === behind).length;

  it('stand behind the main thread, which stays where it was: a codec thread, and a worker once its runs are long', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-nice-'));
    context.after(() => rm(folder, { recursive: true }));
    const modelPath = await putModel(folder, { name: 'slow', graph: slowProduct(2) });
    const runner = await startRunner({ workers: 1, env: process.env });
    context.after(() => runner.close());
    const queue = new Queue();
    const session = await runner.load(specOf(modelPath), { instances: 1, next: queue.next });
    const [before, data] = [countBehind(), Float32Array.of(1)];
    const requests = [new Map([['X', { datatype: 'FP32', shape: [1], data } as const]])];
    // The last one's answer comes before its time is noted; one more is answered after that.
    for (let run = 0; run < 17; run += 1) await queue.run(session, { requests, rows: 1, outputs: ['M'] });
    assert.ok(countBehind() > before, String(niceness(process.pid)));

    const withWorker = countBehind();
    const codec = createCodec({ threads: 1 });
    context.after(() => codec.close());
    const inputs = new Map([['A', { datatype: 'FP32', shape: [20_000], data: new Float32Array(20_000) } as const]]);
    await codec.decodeInfer(encodeInferRequest({ inputs, form: 'json' }), identityModel('FP32', [-1]));
    assert.ok(countBehind() > withWorker, String(niceness(process.pid)));
    assert.equal(niceness(process.pid)[0], own);
  });
});

describe('long runs', () => {
  const [short, long] = [999_999, 1_000_000];
  const timesBehind = (runs: readonly number[]): number => {
    let times = 0;
    const longRuns = new LongRuns(() => (times += 1));
    for (const ns of runs) longRuns.note(ns);
    return times;
  };
  const repeat = (count: number, ...runs: readonly number[]): readonly number[] =>
    Array.from({ length: count }, () => runs).flat();

  it('put a worker behind once sixteen more of them than short ones have come, and once alone', () => {
    assert.equal(timesBehind(repeat(15, long)), 0);
    assert.equal(timesBehind(repeat(16, long)), 1);
    assert.equal(timesBehind(repeat(1000, long)), 1);
    assert.equal(timesBehind([...repeat(100, short), ...repeat(16, long)]), 1);
    assert.equal(timesBehind(repeat(16, long, long, short)), 1);
  });

  it('leave one where it is whose runs are short but for some', () => {
    assert.equal(timesBehind(repeat(1000, short)), 0);
    assert.equal(timesBehind(repeat(1000, short, long)), 0);
    assert.equal(timesBehind(repeat(1000, ...repeat(15, long), ...repeat(15, short))), 0);
  });
});
