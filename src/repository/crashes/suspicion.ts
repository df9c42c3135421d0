import { AppError } from '../../errors.js';
import type { LoadOptions, ProcessFault } from '../../workers/runner.js';
import { subjectLine, type CrashRecords, type CrashSubject } from './crash-records.js';
import type { CrashRecord } from './crash-store.js';

/** How long a suspect serves without a fault until it is one no more. */
const soundAfterMs = 3_600_000;

/** What crashes of the past mean for one version that is being loaded. */
export interface Suspicion {
  /** Why it has to run in processes of its own; undefined where nothing is known against it. */
  readonly hazard: string | undefined;
  /** What the server's journal calls it; and, where it is suspected, who hears of the ends of its own processes. */
  readonly load: Pick<LoadOptions, 'journalAs' | 'onFault'>;
  /** A process that held nothing else ended with it while it was loaded or warmed up: answers that it is quarantined, in words, where it is. */
  readonly blame: (fault: ProcessFault) => Promise<string | undefined>;
  /** Follows it while it serves, by its count of answers; ends with the function that is answered. */
  follow(countAnswers: () => number): () => void;
}

/** Looks a version up. Throws MODEL_QUARANTINED where it is not to be loaded. */
export async function findSuspicion(subject: CrashSubject, records: CrashRecords | undefined): Promise<Suspicion> {
  const journalAs = subjectLine(subject);
  const known = await records?.find(subject);
  if (records === undefined) {
    const blame = (): Promise<undefined> => Promise.resolve(undefined);
    return { hazard: undefined, load: { journalAs }, blame, follow: () => () => undefined };
  }
  const onFault = (fault: ProcessFault): string | undefined => {
    const record = records.addFault(subject, fault);
    return record.state === 'quarantined' ? describeQuarantine(record) : undefined;
  };
  const blame = async (fault: ProcessFault): Promise<string | undefined> => {
    const verdict = onFault(fault);
    // Looked up now, the record knows the content: it holds for the same bytes at the next start, however they are written.
    await records.find(subject);
    return verdict;
  };
  if (known === undefined) return { hazard: undefined, load: { journalAs }, blame, follow: () => () => undefined };
  if (known.state === 'quarantined') throw new AppError('MODEL_QUARANTINED', describeQuarantine(known));
  return {
    hazard: known.reason,
    load: { journalAs, onFault },
    blame,
    follow: (countAnswers) => {
      let answered = countAnswers();
      const timer = setInterval(() => {
        const now = countAnswers();
        if (now > answered) records.clear(known);
        answered = now;
      }, soundAfterMs).unref();
      return () => clearInterval(timer);
    },
  };
}

function describeQuarantine({ model, reason }: CrashRecord): string {
  const name = model.replace(/\/[^/]*$/, '');
  return `it is quarantined, since a process that held nothing else ended with it: ${reason}. It is loaded again when its files or settings change, or on request: POST /v2/repository/models/${name}/load`;
}
