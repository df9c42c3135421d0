import { binding, initOrt, type Binding } from 'onnxruntime-node/dist/binding.js';
import { findDatatypeByOnnx, datatypes } from '../../tensor/datatype.js';
import type { OrtSessionOptions } from './ort-options.js';
import type { OrtTensorParts, OrtValueMetadata } from './ort-tensors.js';

/** A tensor as the binding reads it: the fields of its own Tensor class that count, without the checks of that class. */
interface NativeTensor extends OrtTensorParts {
  readonly cpuData: OrtTensorParts['data'];
  readonly location: 'cpu';
}

const runOptions = { logSeverityLevel: 4 } as const;

/**
 * The session of onnxruntime-node's own binding. The package wraps its `run` in a promise and a turn of the event loop, though the call
 * is synchronous; a run of a small model costs a third less without. Loading blocks this thread too.
 */
export class NativeSession {
  readonly inputs: readonly OrtValueMetadata[];
  readonly outputs: readonly OrtValueMetadata[];
  readonly #session: Binding.InferenceSession;

  constructor(modelPath: string, options: OrtSessionOptions) {
    initOrt();
    this.#session = new binding.InferenceSession();
    this.#session.loadModel(modelPath, options as Parameters<Binding.InferenceSession['loadModel']>[1] & string);
    this.inputs = this.#session.inputMetadata.map(toMetadata);
    this.outputs = this.#session.outputMetadata.map(toMetadata);
  }

  /** Runs at once. Failed runs are thrown; the runtime does not write them to stderr as well. */
  run(
    feeds: ReadonlyMap<string, OrtTensorParts>,
    outputs: readonly string[],
  ): Readonly<Record<string, OrtTensorParts>> {
    const values = byName<NativeTensor>();
    for (const [name, { type, data, dims }] of feeds) {
      values[name] = { type, data, cpuData: data, dims, location: 'cpu' };
    }
    const fetches = byName<null>();
    for (const name of outputs) fetches[name] = null;
    const results = this.#session.run(values as never, fetches, runOptions);
    return results as unknown as Record<string, OrtTensorParts>;
  }

  endProfiling(): void {
    this.#session.endProfiling();
  }

  dispose(): void {
    this.#session.dispose();
  }
}

/** Without a prototype `__proto__` is a name like others; the binding's own answer is a plain object, where reading that name finds what was set. */
function byName<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** A variable dimension carries its name, or `''`. Throws, in the package's own words, for a type that it has no name for. */
function toMetadata({ name, isTensor, type, shape, symbolicDimensions }: Binding.ValueMetadata): OrtValueMetadata {
  if (!isTensor) return { name, isTensor };
  const datatype = findDatatypeByOnnx(type);
  const ort = datatype === undefined ? null : datatypes[datatype].ort;
  if (ort === null) throw new Error(`Unsupported data type: ${type}`);
  const dims = shape.map((dim, axis) => (dim === -1 ? (symbolicDimensions[axis] ?? '') : dim));
  return { name, isTensor, type: ort, shape: dims };
}
