import type { EngineSession } from '../../engine/engine.js';
import { releaseTensors } from '../../tensor/release.js';
import { isSameShape } from '../../tensor/shape.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';

/** First runs that both sessions make. */
const comparedRuns = 4;

/**
 * A model's session beside another of the same model that is made to be faster. The first runs are made by both, and answered by the
 * one that serves already; should an output differ in any bit, that one answers all runs, and the other is released.
 */
export class ComparedSession implements EngineSession {
  readonly #proven: EngineSession;
  #other: EngineSession | undefined;
  #left = comparedRuns;

  constructor(proven: EngineSession, other: EngineSession) {
    this.#proven = proven;
    this.#other = other;
  }

  get inputs(): EngineSession['inputs'] {
    return this.#proven.inputs;
  }

  get outputs(): EngineSession['outputs'] {
    return this.#proven.outputs;
  }

  runNow(feeds: NamedTensors, outputs: readonly string[]): NamedTensors {
    if (this.#other === undefined) return this.#proven.runNow(feeds, outputs);
    if (this.#left === 0) return this.#other.runNow(feeds, outputs);
    const expected = this.#proven.runNow(feeds, outputs);
    this.#left -= 1;
    if (!answersTheSame(this.#other, feeds, expected)) this.release().catch(() => undefined);
    return expected;
  }

  async run(feeds: NamedTensors, outputs: readonly string[]): Promise<NamedTensors> {
    return Promise.resolve(this.runNow(feeds, outputs));
  }

  endProfile(): void {
    this.#other?.endProfile();
  }

  /** The session that serves stays. */
  async release(): Promise<void> {
    const other = this.#other;
    this.#other = undefined;
    await other?.release();
  }
}

function answersTheSame(session: EngineSession, feeds: NamedTensors, expected: NamedTensors): boolean {
  try {
    const found = session.runNow(feeds, [...expected.keys()]);
    const isSame = [...expected].every(([name, tensor]) => isIdentical(tensor, found.get(name)));
    releaseTensors(found.values());
    return isSame;
  } catch {
    return false;
  }
}

function isIdentical(left: Tensor, right: Tensor | undefined): boolean {
  if (left.datatype !== right?.datatype || !isSameShape(left.shape, right.shape)) return false;
  return bytesOf(left).equals(bytesOf(right));
}

function bytesOf({ datatype, data }: Tensor): Buffer {
  if (datatype !== 'BYTES') return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat(data.map((text) => Buffer.concat([Buffer.from(text), Buffer.of(0)])));
}
