import { createAdmission, type Admission } from '../batching/admission/admission.js';
import { loopTurns } from '../batching/admission/loop-turns.js';
import { createBatcher } from '../batching/batcher.js';
import type { JoiningFault } from '../batching/watch/repeat.js';
import { SequenceTable } from '../batching/sequences/table.js';
import type { SequenceEvent, Sequences, StateMemory } from '../batching/sequences/types.js';
import type { Batcher, InferResult, QueuedRequest } from '../batching/types.js';
import type { Placement } from '../engine/engine.js';
import { noiseOf } from '../model/noise-of.js';
import { mostRequestRows } from '../model/complete/complete-batching.js';
import type { ModelConfig, OnnxHeader } from '../model/config.js';
import type { TokenizerFile } from '../model/tokenizer-file.js';
import { isSameShape } from '../tensor/shape.js';
import { specOf, type TensorSpec } from '../tensor/tensor.js';
import { isUndecoded, undecoded, type NextRun, type RunnerSession } from '../workers/runner.js';
import { ModelFault, type ModelFaultOptions } from './proof/model-fault.js';
import type { StatisticsCounter } from './statistics.js';
import type { OnTracedRun, ServableModel } from './types.js';

/** The parts of a loaded version. */
export interface ServableParts {
  readonly name: string;
  readonly version: string;
  readonly config: ModelConfig;
  readonly header: OnnxHeader;
  readonly labels: readonly string[];
  readonly tokenizer?: TokenizerFile | undefined;
  readonly notes: readonly string[];
  readonly session: RunnerSession;
  readonly providerReason: string;
  readonly loadMs: number;
  readonly weights: string;
  readonly trial: string;
  readonly statistics: StatisticsCounter;
  /** What a row took in the fastest run of the warm-up, in milliseconds; undefined where there was none. */
  readonly rowMs?: number | undefined;
  /** Runs made-up inputs elsewhere, where the model refuses what it is sent and no run has succeeded. */
  readonly tryMadeUp?: ModelFaultOptions['tryMadeUp'];
  /** What state of sequences is counted in; undefined: in nothing. */
  readonly stateMemory?: StateMemory;
  /** Called where state of sequences is given up. */
  readonly onSequences?: (event: SequencesGone) => void;
  /** Called where batching is turned off while the model serves. */
  readonly onBatchingOff?: (event: BatchingOff) => void;
  /** Called at the end of each run, where traces are wanted. */
  readonly onTracedRun?: OnTracedRun | undefined;
  /** Called once the workers have let go of the model's files. */
  readonly onReleased: () => Promise<void>;
}

/** Batching of one version was turned off while it served. */
export interface BatchingOff {
  readonly model: string;
  readonly version: string;
  readonly fault: JoiningFault;
}

/** State of sequences was given up. */
export interface SequencesGone {
  readonly model: string;
  readonly version: string;
  readonly why: 'expired' | 'dropped';
  readonly count: number;
}

const uncounted: StateMemory = { take: () => undefined, give: () => undefined };

/** What a request is taken to cost, at least and where nothing was run, until the first is answered. */
const leastRequestMs = 2;
const leastImageMs = 8;
const unknownRowMs = 40;

/** One loaded version: its queue, its session on the workers, and its counts. */
export class Servable implements ServableModel {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly header: OnnxHeader;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly labels: readonly string[];
  readonly tokenizer: TokenizerFile | undefined;
  readonly placement: Placement;
  readonly devices: readonly string[];
  readonly instances: number;
  readonly providerReason: string;
  readonly loadMs: number;
  readonly weights: string;
  readonly trial: string;
  readonly statistics: StatisticsCounter;
  readonly admission: Admission;
  readonly #sequences: SequenceTable | undefined;
  readonly #session: RunnerSession;
  readonly #batcher: Batcher;
  readonly #fault: ModelFault | undefined;
  readonly #onReleased: () => Promise<void>;
  readonly #onBatchingOff: (event: BatchingOff) => void;
  #config: ModelConfig;
  #notes: readonly string[];
  #successor: Servable | undefined;
  #lost: string | undefined;

  constructor(parts: ServableParts) {
    const { name, version, config, header, statistics, session } = parts;
    this.name = name;
    this.version = version;
    this.description = config.description;
    this.header = header;
    this.inputs = header.inputs.map(specOf);
    this.outputs = header.outputs.map((value) => outputSpec(value, session.loaded.outputs));
    this.labels = parts.labels;
    this.tokenizer = parts.tokenizer;
    ({ placement: this.placement, devices: this.devices, instances: this.instances } = session.loaded);
    this.providerReason = parts.providerReason;
    this.loadMs = parts.loadMs;
    this.weights = parts.weights;
    this.trial = parts.trial;
    this.statistics = statistics;
    this.#session = session;
    this.#config = config;
    this.#notes = parts.notes;
    this.#onBatchingOff = parts.onBatchingOff ?? (() => undefined);
    this.#onReleased = parts.onReleased;
    this.#fault = this.#openFault(parts);
    this.admission = this.#openAdmission(parts);
    this.#sequences = this.#openSequences(parts);
    this.#batcher = this.#openBatcher(parts);
  }

  #openFault({ tryMadeUp, rowMs, header: { inputs } }: ServableParts): ModelFault | undefined {
    if (tryMadeUp === undefined) return undefined;
    const onFound = (reason: string): void => void (this.#notes = [...this.#notes, reason]);
    return new ModelFault({ hasRun: rowMs !== undefined, inputs, tryMadeUp, onFound });
  }

  #openBatcher({ name, version, config, header, statistics, session, onTracedRun }: ServableParts): Batcher {
    return createBatcher({
      model: `'${name}' version ${version}`,
      config: config.batching,
      wake: () => session.wake(),
      hasFreeWorker: () => session.hasFreeWorker(),
      inline: session.inline,
      clock: () => performance.now(),
      onRun: (record) => statistics.recordRun(record, record.device ?? this.placement.device),
      onTracedRun: onTracedRun && ((run) => onTracedRun(run, this)),
      onRepeat: () => statistics.recordSharing('repeatedRuns'),
      onJoiningFault: (fault) => this.#turnOffBatching(fault),
      watch: {
        noise: noiseOf(header, this.placement.device),
        runIfFree: (job) => session.runIfFree(job),
        onChecked: (verdict) => this.#noteCheck(verdict),
      },
    });
  }

  #openAdmission({ name, version, config, rowMs = unknownRowMs }: ServableParts): Admission {
    const { batching, image } = config;
    const { instances } = this;
    const leastMs = image === undefined ? leastRequestMs : leastImageMs;
    return createAdmission({
      model: `'${name}' version ${version}`,
      limitMs: batching.maxQueueMs === 0 ? 0 : batching.maxQueueMs + batching.maxDelayMs,
      // As many again may be read and answered as may wait and run.
      mostRequests: 2 * (batching.maxQueueRows + instances * Math.max(1, batching.maxRows)),
      instances,
      firstRequestMs: Math.max(leastMs, rowMs / instances),
      clock: () => performance.now(),
      turns: loopTurns,
    });
  }

  #openSequences({ name, version, config, header, statistics, ...parts }: ServableParts): SequenceTable | undefined {
    const { sequences, batching } = config;
    if (sequences === undefined) return undefined;
    const onEvent = (event: SequenceEvent, count: number): void => {
      statistics.recordSequences(event, count);
      if (event === 'expired' || event === 'dropped') {
        parts.onSequences?.({ model: name, version, why: event, count });
      }
    };
    return new SequenceTable({
      model: `'${name}' version ${version}`,
      config: sequences,
      inputs: header.inputs,
      queueTimeoutMs: batching.queueTimeoutMs,
      memory: parts.stateMemory ?? uncounted,
      clock: () => performance.now(),
      onEvent,
    });
  }

  get sequences(): Sequences | undefined {
    return this.#sequences;
  }

  /** As it is now: batching may be turned off while the model serves. */
  get config(): ModelConfig {
    return this.#config;
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  /** Where the workers get this version's runs. */
  readonly next: NextRun = (freeWorkers) => this.#batcher.next(freeWorkers);

  /** Cheap models run on the thread that has the request, which decodes nothing. */
  get decodesFiles(): boolean {
    return this.#session.loaded.decodesFiles && this.#session.inline?.isOpen !== true;
  }

  get queuedRows(): number {
    return this.#batcher.queuedRows;
  }

  #noteCheck(verdict: 'same' | 'random' | 'differs'): void {
    this.statistics.recordSharing('checkedRuns');
    if (verdict === 'differs') this.statistics.recordSharing('differingRuns');
    if (verdict !== 'random') return;
    const note = 'Batching is not checked while serving: the model gives different answers to the same request.';
    this.#notes = [...this.#notes, note];
  }

  #turnOffBatching(fault: JoiningFault): void {
    const { name: model, version } = this;
    this.#config = { ...this.#config, batching: this.#batcher.config };
    this.#notes = [...this.#notes, `Batching was turned off while serving: ${fault.reason}`];
    this.statistics.recordSharing('turnedOff');
    this.#onBatchingOff({ model, version, fault });
  }

  infer(request: QueuedRequest): Promise<InferResult> {
    if (this.#successor !== undefined) {
      // Its images may be made otherwise: tensors of this version's are what it may be given.
      return request.hasFiles === true ? Promise.reject(undecoded()) : this.#successor.infer(request);
    }
    const startedMs = performance.now();
    return this.#batcher.enqueue(request).then(
      (result) => {
        this.#fault?.ran();
        this.statistics.recordSuccess(result, request.rows, performance.now() - startedMs);
        return result;
      },
      async (error: unknown) => {
        if (!isUndecoded(error)) this.statistics.recordFailure(performance.now() - startedMs);
        throw this.#fault === undefined ? error : await this.#fault.judge(error, request.inputs);
      },
    );
  }

  /** Why no worker holds the model any more and none will by itself; undefined while it serves. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** The workers gave the model up: requests are refused until it is loaded again. */
  giveUp(reason: string): void {
    this.#lost = reason;
  }

  /**
   * Finishes the queue and lets the workers go. Requests that still hold this object afterwards go to the successor where it
   * takes and gives the same tensors; without one they are refused with SHUTTING_DOWN. State of sequences is no other model's: it goes.
   */
  async retire(successor?: Servable): Promise<void> {
    if (successor !== undefined && isInterchangeable(this, successor)) this.#successor = successor;
    this.#sequences?.close(
      `its model was ${successor === undefined ? 'unloaded' : 'loaded again'}, and its state is gone`,
    );
    await this.#batcher.drain();
    await this.#session.unload();
    await this.#onReleased();
  }
}

/** An output as the file has it; where that leaves the shape out, as the runtime inferred it. */
function outputSpec(value: TensorSpec, inferred: readonly TensorSpec[]): TensorSpec {
  if (value.unranked !== true) return specOf(value);
  return specOf(inferred.find(({ name }) => name === value.name) ?? value);
}

function isInterchangeable(old: Servable, successor: Servable): boolean {
  const isSame = (a: readonly TensorSpec[], b: readonly TensorSpec[]) =>
    a.length === b.length &&
    a.every((spec, index) => {
      const other = b[index];
      return other?.name === spec.name && other.datatype === spec.datatype && isSameShape(other.shape, spec.shape);
    });
  const limitsGrow = mostRequestRows(old.config.batching) <= mostRequestRows(successor.config.batching);
  return limitsGrow && isSame(old.inputs, successor.inputs) && isSame(old.outputs, successor.outputs);
}
