import { setTimeout as delay } from 'node:timers/promises';
import type { NoiseKind } from '../../tensor/noise.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { RunJob, RunOutcome } from '../../workers/runner.js';
import type { JoiningFault } from './repeat.js';
import { copyTensors, recheck, type Served, type Verdict } from './recheck.js';

/** How answers given in company are computed again alone. */
export interface WatchOptions {
  readonly noise: NoiseKind;
  /** Runs a job on a worker that has nothing else to do, or answers undefined. */
  readonly runIfFree: (job: RunJob) => Promise<RunOutcome> | undefined;
  /** A shared run was checked, or the model turned out to answer at random. */
  readonly onChecked?: (verdict: Verdict['kind']) => void;
}

/** A shared run about to start. */
interface StartingRun {
  readonly requests: readonly {
    readonly request: { readonly inputs: NamedTensors; readonly outputs: readonly string[] };
    readonly rows: number;
  }[];
  readonly rowsToRun: number;
}

/** Every shared run is checked up to this many, then one of so many. */
const first = 64;
const oneOf = 1000;

/** Requests of one run that are computed again, and the bytes of inputs or outputs up to which copies are kept. */
const mostRequests = 8;
const mostBytes = 32 << 20;

/** How often a free worker is looked for. */
const lookMs = 20;

/**
 * - One run is checked at a time; those that are served meanwhile are not.
 * - Only what is checked is copied, before the run takes the buffers.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #onFault: (fault: JoiningFault) => void;
  #isBusy = false;
  #isEnded = false;
  #checked = 0;
  #passed = 0;

  constructor(options: WatchOptions, onFault: (fault: JoiningFault) => void) {
    this.#options = options;
    this.#onFault = onFault;
  }

  /** What has to be kept of a run to check it; undefined where it is not to be checked. */
  keep({ requests, rowsToRun }: StartingRun): readonly Served[] | undefined {
    this.#passed += 1;
    const isDue = this.#checked < first || this.#passed >= oneOf;
    if (!isDue || this.#isBusy || this.#isEnded || rowsToRun === 0) return undefined;
    let from = 0;
    const all = requests.map(({ request, rows }) => {
      const place = { request, rows, from };
      from += rows;
      return place;
    });
    const start = this.#checked % all.length;
    const kept: Served[] = [];
    let bytes = 0;
    for (const { request, rows, from } of [...all.slice(start), ...all.slice(0, start)].slice(0, mostRequests)) {
      bytes += bytesOf(request.inputs);
      if (bytes > mostBytes) break;
      if (rows > 0) kept.push({ inputs: copyTensors(request.inputs), outputs: request.outputs, rows, from });
    }
    if (kept.length === 0) return undefined;
    this.#isBusy = true;
    return kept;
  }

  /** The run failed: nothing is left to check. */
  drop(): void {
    this.#isBusy = false;
  }

  /** Checks a run once a worker has nothing else to do. The outputs are copied. */
  check(kept: readonly Served[], rowsToRun: number, outputs: NamedTensors): void {
    if (bytesOf(outputs) > mostBytes) {
      this.drop();
      return;
    }
    this.#checked += 1;
    this.#passed = 0;
    const run = { rowsToRun, outputs: copyTensors(outputs) };
    // A worker that was lost, or is stopping, answers nothing: the next run is checked instead.
    this.#checkAll(kept, run)
      .catch(() => undefined)
      .finally(() => this.drop());
  }

  end(): void {
    this.#isEnded = true;
  }

  async #checkAll(kept: readonly Served[], run: { rowsToRun: number; outputs: NamedTensors }): Promise<void> {
    const how = { runAlone: (job: RunJob) => this.#run(job), noise: this.#options.noise };
    for (const served of kept) {
      const verdict = await recheck(served, run, how);
      if (verdict.kind === 'same') continue;
      this.end();
      this.#options.onChecked?.(verdict.kind);
      if (verdict.kind === 'differs') this.#onFault(verdict);
      return;
    }
    this.#options.onChecked?.('same');
  }

  async #run(job: RunJob): Promise<NamedTensors> {
    for (;;) {
      if (this.#isEnded) throw new Error('The model is leaving.');
      const running = this.#options.runIfFree(job);
      if (running !== undefined) return (await running).outputs;
      await delay(lookMs, undefined, { ref: false });
    }
  }
}

function bytesOf(tensors: NamedTensors): number {
  let bytes = 0;
  for (const tensor of tensors.values())
    bytes += tensor.datatype === 'BYTES' ? tensor.data.length * 64 : tensor.data.byteLength;
  return bytes;
}
