import { join } from 'node:path';
import { startLoadGenerator } from '../load/load.js';
import { alignColumns, figure } from '../report/table.js';
import type { RunOptions } from '../run.js';
import type { TuneSettings } from '../settings.js';
import type { Subject } from '../subject/subject.js';
import { describeCandidate, toModelJson, type Candidate } from './candidates.js';
import { writeTuned } from './model-file.js';
import type { TunePace } from './pace.js';
import { tuneModel, type Tuned } from './tune-model.js';

/** What one tuning needs. */
export interface TuneOptions extends RunOptions {
  readonly tune: TuneSettings;
  /** What the settings are for: they are kept by this name. */
  readonly hardware: string;
  readonly pace: TunePace;
}

/** Tunes every model on the first target, and writes the settings if asked. */
export async function tuneAll(options: TuneOptions): Promise<readonly Tuned[]> {
  const { plans, subjects, repository, signal, narrate, tune } = options;
  const load = startLoadGenerator();
  const target = await plans[0]?.start({ repository, isManaged: true, signal, narrate });
  if (target === undefined) return [];
  try {
    const all: Tuned[] = [];
    for (const subject of subjects) {
      const tuned = await tuneModel({
        model: subject.name,
        folder: join(repository, subject.name),
        target,
        load,
        cpus: options.cpus,
        variable: options.settings.variable,
        latencyTargetMs: tune.latencyTargetMs,
        pace: options.pace,
        signal,
        narrate,
        now: () => performance.now(),
      });
      all.push(tuned);
      if (tune.write && tuned.chosen !== undefined) await keep(subject, tuned.chosen, options);
    }
    return all;
  } finally {
    await Promise.all([load.close(), target.stop()]);
  }
}

async function keep({ source }: Subject, chosen: Candidate, { hardware, narrate }: TuneOptions): Promise<void> {
  if (source?.kind !== 'folder') {
    narrate(
      'not written: a lone file has no model.json. Put the model into MODELS/NAME/1/model.onnx, the settings into MODELS/NAME/model.json',
    );
    return;
  }
  await writeTuned(source.path, hardware, chosen);
  narrate(`wrote ${join(source.path, 'model.json')}`);
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
