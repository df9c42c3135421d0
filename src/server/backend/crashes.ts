import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import { nameJournal } from '../../repository/crashes/crash-journals.js';
import { CrashRecords, type CrashChange } from '../../repository/crashes/crash-records.js';
import { RunJournal } from '../../workers/run-journal.js';
import type { Log } from '../log/log.js';
import type { ServeOptions } from '../serve-options.js';

/** What is known of crashes, and what says what this process runs should it crash too. */
export interface Crashes {
  readonly records: CrashRecords | undefined;
  readonly journal: RunJournal | undefined;
}

/**
 * Looks into how earlier servers ended, and begins this one's journal, in a folder of the cache. Where that cannot be written,
 * models are served without, with a warning; in another program's process, which may end at any time, without.
 */
export function openCrashes({ cacheFolder, clock, log, settings, ended, isGuest }: ServeOptions): Crashes {
  const folder = join(cacheFolder, 'crashes');
  const onFailure = (error: unknown): void =>
    log.warn(
      { folder, reason: messageOf(error) },
      'the journal cannot be written: after a crash no model will be suspected',
    );
  try {
    const records = new CrashRecords({
      folder,
      clock,
      onChange: (change) => logCrash(log, change),
      onFailure: (error) =>
        log.warn(
          { folder, reason: messageOf(error) },
          'what is known of crashes cannot be written: it holds until this process ends',
        ),
      ...(ended === undefined ? {} : { ended }),
    });
    const { path, header } = nameJournal(folder);
    const journal = isGuest === true ? undefined : new RunJournal(path, { header, onFailure });
    records.takeCrashes();
    if (settings.forgetCrashes) records.forget();
    return { records, journal };
  } catch (error) {
    onFailure(error);
    return { records: undefined, journal: undefined };
  }
}

const texts: Readonly<Record<CrashChange['kind'], string>> = {
  suspected: 'model suspected of a crash: it runs in processes of its own',
  proven: 'model crashed its own process, which is started again',
  quarantined: 'model quarantined: its own process ended with it, and it is not loaded again',
  cleared: 'model no longer suspected: it served for an hour without a fault',
  released: 'model released from its quarantine: it is loaded again, in processes of its own',
  changed: 'model no longer suspected: its files or settings have changed',
  forgotten: 'model no longer suspected: its crashes are forgotten, as requested',
};

function logCrash(log: Log, { kind, record }: CrashChange): void {
  const { model, reason, crashes, faults } = record;
  const level = kind === 'quarantined' ? 'error' : kind === 'suspected' || kind === 'proven' ? 'warn' : 'info';
  log[level]({ model, reason, crashes, faults }, texts[kind]);
}
