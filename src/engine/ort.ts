import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { NamedTensors, Tensor, TensorSpec } from '../tensor/tensor.js';
import type { Engine, EngineSession, SessionSpec } from './engine.js';
import { explainCreateFault, explainRunFault } from './ort-faults.js';
import { savingOptions, sessionOptions, type OrtSessionOptions } from './ort-options.js';
import { fromOrt, toOrt, toSpec, type OrtTensorParts, type OrtValueMetadata } from './ort-tensors.js';

// The runtime and its binding keep tensors by name in plain objects: without this accessor one named `__proto__` is a name like others.
delete (Object.prototype as { __proto__?: unknown }).__proto__;

/** Failed runs are thrown; the runtime need not write them to stderr as well. */
const runOptions: InferenceSession.RunOptions = { logSeverityLevel: 4 };

/** ONNX Runtime in this thread. Whoever imports this file has turned telemetry off before. */
export const ortEngine: Engine = {
  version: env.versions.node ?? env.versions.common,
  async createSession(spec, options = {}) {
    return new OrtSession(await create(spec, sessionOptions(spec, options.profilePrefix)));
  },
  async saveOptimised(spec, path) {
    return new OrtSession(await create(spec, savingOptions(spec, path)));
  },
};

async function create(spec: SessionSpec, options: OrtSessionOptions): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(spec.modelPath, options as InferenceSession.SessionOptions);
  } catch (cause) {
    throw explainCreateFault(spec, cause);
  }
}

class OrtSession implements EngineSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #session: InferenceSession;

  constructor(session: InferenceSession) {
    this.#session = session;
    this.inputs = (session.inputMetadata as readonly OrtValueMetadata[]).map(toSpec);
    this.outputs = (session.outputMetadata as readonly OrtValueMetadata[])
      .filter(({ isTensor }) => isTensor)
      .map(toSpec);
  }

  async run(feeds: NamedTensors, outputs: readonly string[]): Promise<NamedTensors> {
    const values: Record<string, OrtTensor> = {};
    for (const [name, tensor] of feeds) values[name] = toOrtTensor(toOrt(name, tensor));
    const results = await this.#run(values, outputs);
    const named = new Map<string, Tensor>();
    for (const name of outputs) named.set(name, fromOrt(name, results[name] as unknown as OrtTensorParts));
    return named;
  }

  async #run(feeds: Record<string, OrtTensor>, outputs: readonly string[]): Promise<InferenceSession.ReturnType> {
    try {
      return await this.#session.run(feeds, outputs, runOptions);
    } catch (cause) {
      throw explainRunFault(cause);
    }
  }

  endProfile(): void {
    this.#session.endProfiling();
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/** Where JavaScript has Float16Array, the runtime's own Tensor makes one, whose memory its binding cannot read: it is given the bit patterns. */
function toOrtTensor({ type, data, dims }: OrtTensorParts): OrtTensor {
  const tensor = new OrtTensor(type as 'float32', data as Float32Array, dims);
  return type === 'float16' ? Object.defineProperty(tensor, 'data', { value: data }) : tensor;
}
