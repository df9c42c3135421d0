import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Facts, Step, StepOutcome } from './types.js';

const entry = fileURLToPath(new URL('./step-process.js', import.meta.url));
const keptText = 2000;

/** One step in a process of its own; one that ends, or is still at it after the limit, is a broken step with what it said. */
export function askProcess(step: Step, limitMs: number): Promise<StepOutcome> {
  return new Promise((resolve) => {
    const child = fork(entry, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let text = '';
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.stderr?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-keptText)));
    child.once('message', (outcome) => resolve(outcome as StepOutcome));
    child.once('error', (error) => resolve({ state: 'broken', reason: error.message }));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const how = isOver
        ? `no answer in ${(limitMs / 1000).toFixed(1)} s`
        : `the process ended with ${signal ?? `code ${code}`}`;
      resolve({ state: 'broken', reason: `${how}${text === '' ? '' : `: ${text.trim()}`}` });
    });
    child.send(step);
  });
}

/** Two workers on one device at once, each a process as the server may have them, against one alone. */
export async function askTwo(step: Step, limitMs: number): Promise<StepOutcome> {
  const speed: Step = { ...step, kind: 'speed' };
  const alone = await askProcess(speed, limitMs);
  const both = await Promise.all([askProcess(speed, limitMs), askProcess(speed, limitMs)]);
  const broken = [alone, ...both].find(({ state }) => state === 'broken');
  if (broken !== undefined) return broken;
  const rateOf = (outcome: StepOutcome): number =>
    outcome.state === 'broken' ? 0 : Number(outcome.rows[0]?.['rowsPerSecond']);
  const [aloneRate, togetherRate] = [rateOf(alone), both.reduce((sum, outcome) => sum + rateOf(outcome), 0)];
  const rows: readonly Facts[] = [
    { rows: step.batches[0] ?? 1, aloneRate, togetherRate, share: togetherRate / aloneRate },
  ];
  return { state: 'passed', rows };
}
