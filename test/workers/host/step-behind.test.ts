import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, it } from 'node:test';
import { niceness } from '../../../src/workers/host/step-behind.js';
import { startRunner } from '../../../src/workers/pool.js';

/** How far each thread of this process stands behind, least first. */
function readNiceness(): readonly number[] {
  const stats = readdirSync('/proc/self/task').map((thread) => readFileSync(`/proc/self/task/${thread}/stat`, 'utf8'));
  // The 19th field; the second, in brackets, may hold spaces.
  return stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])).sort((a, b) => a - b);
}

const isBehind = getPriority() >= niceness.compute;
const skip =
  process.platform !== 'linux'
    ? 'Linux alone has priorities of threads'
    : isBehind && 'these tests stand behind already';

describe('threads that run models', () => {
  it('stand behind the thread that answers, which stays where it was', { skip }, async () => {
    const own = getPriority();
    const pool = await startRunner({ workers: 2, env: process.env });
    const behind = readNiceness().filter((nice) => nice === niceness.compute);
    await pool.close();
    assert.ok(behind.length >= 2, `${behind.length} threads stand behind`);
    assert.equal(getPriority(), own);
  });
});
