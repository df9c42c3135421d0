import { join } from 'node:path';
import { startLoadGenerator } from '../load/load.js';
import { alignColumns, figure } from '../report/table.js';
import type { RunOptions } from '../run.js';
import type { TuneSettings } from '../settings.js';
import { describeCandidate, toModelJson } from './candidates.js';
import { writeTuned } from './model-file.js';
import { tuneModel, type Tuned } from './tune-model.js';

export interface TuneOptions extends RunOptions {
  readonly tune: TuneSettings;
  /** What the settings are for: they are kept by this name. */
  readonly hardware: string;
  /** Milliseconds for one model; what was tried by then decides. */
  readonly limitMs: number;
}

/** Tunes every model on the first target, and writes the settings if asked. */
export async function tuneAll(options: TuneOptions): Promise<readonly Tuned[]> {
  const { plans, subjects, repository, signal, narrate, tune } = options;
  const load = startLoadGenerator();
  const target = await plans[0]?.start({ repository, signal, narrate });
  if (target === undefined) return [];
  try {
    const all: Tuned[] = [];
    for (const subject of subjects) {
      const endAt = performance.now() + options.limitMs;
      const tuned = await tuneModel({
        model: subject.name,
        folder: join(repository, subject.name),
        target,
        load,
        cpus: options.cpus,
        variable: options.settings.variable,
        latencyTargetMs: tune.latencyTargetMs,
        method: options.settings.method,
        isOver: () => performance.now() > endAt,
        signal,
        narrate,
      });
      all.push(tuned);
      const source = subject.source?.kind === 'folder' ? subject.source.path : undefined;
      if (tune.write && tuned.chosen !== undefined && source !== undefined) {
        await writeTuned(source, options.hardware, tuned.chosen);
        narrate(`wrote ${join(source, 'model.json')}`);
      }
    }
    return all;
  } finally {
    await Promise.all([load.close(), target.stop()]);
  }
}

/** What was tried and found, for a terminal. */
export function formatTuned(all: readonly Tuned[], { tune, hardware }: Pick<TuneOptions, 'tune' | 'hardware'>): string {
  const sections = all.map((tuned) => {
    const rows = [...tuned.trials]
      .sort((a, b) => b.rung - a.rung || b.score.rate - a.score.rate)
      .map(({ candidate, rung, score }) => [
        describeCandidate(candidate),
        `round ${rung + 1}`,
        figure(score.rate),
        figure(score.p99Ms),
        '',
      ]);
    return `${tuned.model}, p99 at most ${tune.latencyTargetMs} ms, on ${hardware}\n${alignColumns([['settings', '', 'inf/s', 'p99 ms', ''], ...rows])}\n${conclude(tuned)}`;
  });
  return `${sections.join('\n\n')}\n`;
}

function conclude({ model, best, gain, chosen, clients }: Tuned): string {
  const range = `${gain.middle.toFixed(2)}x (95 %: ${gain.low.toFixed(2)} to ${gain.high.toFixed(2)}) at ${clients} ${clients === 1 ? 'client' : 'clients'}`;
  const miss =
    best.score.rate === 0
      ? ` No settings kept the target: the smallest p99 was ${best.score.p99Ms.toFixed(1)} ms.`
      : '';
  if (chosen === undefined) {
    return `${model}: keep the settings; the best of the others, ${describeCandidate(best.candidate)}, gives ${range} of them, not surely more.${miss}`;
  }
  return `${model}: ${describeCandidate(chosen)} gives ${range} of the settings before.${miss} For model.json:\n${JSON.stringify(toModelJson(chosen))}`;
}
