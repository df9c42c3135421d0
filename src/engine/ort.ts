import { env } from 'onnxruntime-node';
import type { NamedTensors, Tensor, TensorSpec } from '../tensor/tensor.js';
import type { Engine, EngineSession, SessionSpec } from './engine.js';
import { explainCreateFault, explainRunFault } from './ort-faults.js';
import { NativeSession } from './ort-native.js';
import { savingOptions, sessionOptions, type OrtSessionOptions } from './ort-options.js';
import { fromOrt, toOrt, toSpec, type OrtTensorParts } from './ort-tensors.js';
import { TextGuard } from './text-guard.js';

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
    return Promise.resolve(new OrtSession(create(spec, sessionOptions(spec, options.profilePrefix)), spec.modelPath));
  },
  async saveOptimised(spec, path) {
    return Promise.resolve(new OrtSession(create(spec, savingOptions(spec, path)), spec.modelPath));
  },
};

function create(spec: SessionSpec, options: OrtSessionOptions): NativeSession {
  try {
    return new NativeSession(spec.modelPath, { ...options, logSeverityLevel: sessionLogLevel });
  } catch (cause) {
    throw explainCreateFault(spec, cause);
  }
}

class OrtSession implements EngineSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #session: NativeSession;
  readonly #texts: TextGuard;

  constructor(session: NativeSession, modelPath: string) {
    this.#session = session;
    this.#texts = new TextGuard(modelPath);
    this.inputs = session.inputs.map(toSpec);
    this.outputs = session.outputs.filter(({ isTensor }) => isTensor).map(toSpec);
  }

  async run(feeds: NamedTensors, outputs: readonly string[]): Promise<NamedTensors> {
    return Promise.resolve(this.runNow(feeds, outputs));
  }

  runNow(feeds: NamedTensors, outputs: readonly string[]): NamedTensors {
    const values = new Map<string, OrtTensorParts>();
    for (const [name, tensor] of feeds) values.set(name, toOrt(name, tensor));
    const results = this.#run(values, outputs);
    const named = new Map<string, Tensor>();
    for (const name of outputs) {
      const tensor = fromOrt(name, results[name] as OrtTensorParts);
      if (tensor.datatype === 'BYTES') this.#texts.check(name, tensor);
      named.set(name, tensor);
    }
    return named;
  }

  #run(feeds: ReadonlyMap<string, OrtTensorParts>, outputs: readonly string[]) {
    try {
      return this.#session.run(feeds, outputs);
    } catch (cause) {
      throw explainRunFault(cause);
    }
  }

  endProfile(): void {
    this.#session.endProfiling();
  }

  release(): Promise<void> {
    this.#session.dispose();
    return Promise.resolve();
  }
}
