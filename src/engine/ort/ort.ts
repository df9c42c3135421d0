import { AppError, messageOf } from '../../errors.js';
import { env } from 'onnxruntime-node';
import type { NamedTensors, NumericTensor, Tensor, TensorSpec } from '../../tensor/tensor.js';
import type { DefaultVariants } from './default-variants.js';
import type { Engine, EngineSession, SessionSpec } from '../engine.js';
import { explainCreateFault, explainRunFault, isUnexplained } from './ort-faults.js';
import { NativeSession } from './ort-native.js';
import { lessOptimised, savingOptions, sessionOptions, type OrtSessionOptions } from './ort-options.js';
import { fromOrt, narrow, toOrt, toSpec, widen, type OrtTensorParts } from './ort-tensors.js';
import { tidyOrtText } from './request-faults.js';
import type { TextGuard } from './text-guard.js';

/**
 * What the runtime writes to stderr by itself, coloured and over several lines, would stand between the lines of a log: it is silent,
 * since what fails is thrown too.
 */
env.logLevel = 'fatal';
let sessionLogLevel: 3 | 4 = 4;

/** Lets the runtime write its errors to stderr, before its first session: only there does it name a library that is missing. */
export function letRuntimeSpeak(): void {
  env.logLevel = 'error';
  sessionLogLevel = 3;
}

/** ONNX Runtime in this thread. Whoever imports this file has turned telemetry off before. */
export const ortEngine: Engine = {
  version: env.versions.node ?? env.versions.common,
  async createSession(spec, options = {}) {
    const session = open(spec, sessionOptions(spec, options.profilePrefix));
    await session.equip(spec);
    return session;
  },
  async saveOptimised(spec, path) {
    return Promise.resolve(new OrtSession(spec, create(spec, savingOptions(spec, path))));
  },
};

function create(spec: SessionSpec, options: OrtSessionOptions): NativeSession {
  try {
    return new NativeSession(spec.modelPath, { ...options, logSeverityLevel: sessionLogLevel });
  } catch (cause) {
    throw explainCreateFault(spec, cause);
  }
}

/**
 * The most optimised session that the runtime can make, since its optimiser makes invalid graphs of some sound ones; where it can make
 * none, the first error.
 */
function open(spec: SessionSpec, options: OrtSessionOptions): OrtSession {
  try {
    return new OrtSession(spec, create(spec, options));
  } catch (error) {
    if (!(error instanceof AppError) || !isUnexplained(error)) throw error;
    for (const fewer of lessOptimised(options)) {
      try {
        return new OrtSession(spec, create(spec, fewer), tidyOrtText(messageOf(error.cause)));
      } catch {
        // What it says of a less optimised graph is no better known than the first error.
      }
    }
    throw error;
  }
}

class OrtSession implements EngineSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #session: NativeSession;
  readonly #widened: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;
  #texts: TextGuard | undefined;
  #variants: DefaultVariants | undefined;
  readonly optimiserFault?: string;

  constructor(spec: SessionSpec, session: NativeSession, optimiserFault?: string) {
    this.#session = session;
    if (optimiserFault !== undefined) this.optimiserFault = optimiserFault;
    this.#widened = new Set(spec.widened);
    this.#names = new Set(session.inputs.map(({ name }) => name));
    const toServed = (value: TensorSpec): TensorSpec =>
      this.#widened.has(value.name) ? { ...value, datatype: 'BF16' } : value;
    this.inputs = session.inputs.map(toSpec).map(toServed);
    this.outputs = session.outputs
      .filter(({ isTensor }) => isTensor)
      .map(toSpec)
      .map(toServed);
  }

  /** Loads what few models need: it reads their files, with half of a worker's modules. */
  async equip({ defaults, ...own }: SessionSpec): Promise<void> {
    if (this.outputs.some(({ datatype }) => datatype === 'BYTES')) {
      const { TextGuard } = await import('./text-guard.js');
      this.#texts = new TextGuard(own.modelPath);
    }
    if (defaults === undefined) return;
    const { DefaultVariants } = await import('./default-variants.js');
    this.#variants = new DefaultVariants(own, defaults, (variant) => {
      const session = open(variant, sessionOptions(variant));
      session.#texts = this.#texts;
      return session;
    });
  }

  async run(feeds: NamedTensors, outputs: readonly string[]): Promise<NamedTensors> {
    return Promise.resolve(this.runNow(feeds, outputs));
  }

  runNow(feeds: NamedTensors, outputs: readonly string[]): NamedTensors {
    const variant = this.#variants?.find(feeds);
    if (variant !== undefined) return variant.runNow(feeds, outputs);
    const values = new Map<string, OrtTensorParts>();
    for (const [name, tensor] of feeds) {
      if (!this.#names.has(name)) throw notReplaceable(name);
      values.set(name, toOrt(name, this.#toSession(name, tensor)));
    }
    const results = this.#run(values, outputs);
    const named = new Map<string, Tensor>();
    for (const name of outputs) {
      const tensor = fromOrt(name, results[name] as OrtTensorParts);
      if (tensor.datatype === 'BYTES') this.#texts?.check(name, tensor);
      named.set(name, this.#widened.has(name) ? narrow(tensor as NumericTensor) : tensor);
    }
    return named;
  }

  #toSession(name: string, tensor: Tensor): Tensor {
    return tensor.datatype === 'BF16' && this.#widened.has(name) ? widen(tensor) : tensor;
  }

  #run(feeds: ReadonlyMap<string, OrtTensorParts>, outputs: readonly string[]) {
    try {
      return this.#session.run(feeds, outputs);
    } catch (cause) {
      throw explainRunFault(cause, { isEmpty: [...feeds.values()].some(({ dims }) => dims.includes(0)) });
    }
  }

  endProfile(): void {
    this.#session.endProfiling();
  }

  release(): Promise<void> {
    this.#variants?.release();
    this.#session.dispose();
    return Promise.resolve();
  }
}

/** The runtime would skip it without a word. */
function notReplaceable(name: string): AppError {
  return new AppError(
    'INVALID_INPUT',
    `Input ${name} has a default that cannot be replaced here, since no private copy of the model file could be made: leave it out.`,
    { details: { input: name } },
  );
}
