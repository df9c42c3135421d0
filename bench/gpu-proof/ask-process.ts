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

/** Runs of one worker and of two, in an order in which neither is always the colder. */
const turns = ['two', 'one', 'one', 'two'] as const;
/** How many runs `askTwo` takes, one after the other. */
export const turnsOfTwo = turns.length + 1;

/**
 * Two workers on one device at once, each a process as the server may have them, against one alone: in turn, twice each, after a run that
 * warms device and files and is not counted.
 */
export async function askTwo(step: Step, limitMs: number, ask = askProcess): Promise<StepOutcome> {
  const speed: Step = { ...step, kind: 'speed' };
  const outcomes = [await ask(speed, limitMs)];
  const rates = { one: 0, two: 0 };
  for (const turn of turns) {
    const answers = await Promise.all(Array.from({ length: turn === 'one' ? 1 : 2 }, () => ask(speed, limitMs)));
    outcomes.push(...answers);
    rates[turn] += answers.reduce((sum, outcome) => sum + rateOf(outcome), 0) / 2;
  }
  const broken = outcomes.find(({ state }) => state === 'broken');
  if (broken !== undefined) return broken;
  const row: Facts = {
    rows: step.batches[0] ?? 1,
    aloneRate: rates.one,
    togetherRate: rates.two,
    share: rates.two / rates.one,
  };
  return { state: 'passed', rows: [row] };
}

function rateOf(outcome: StepOutcome): number {
  return outcome.state === 'broken' ? 0 : Number(outcome.rows[0]?.['rowsPerSecond']);
}
