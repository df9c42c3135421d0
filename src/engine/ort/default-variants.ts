import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeEditedNow } from '../../model/onnx/edit/edited-copy.js';
import { readOnnxModel } from '../../model/onnx/reader.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { EngineSession, ReplaceableDefaults, SessionSpec } from '../engine.js';

/** Sessions kept at the same time: each holds the weights once more. */
const mostVariants = 2;

/**
 * - Sessions in which some inputs have no default, for runs that give values for them. The session that serves all other runs
 *   has these defaults as constants, and the runtime for Node passes no value for an input that has one.
 * - Made at their first use, which blocks the worker that runs them; of more than two the one unused longest is released.
 */
export class DefaultVariants {
  readonly #spec: Omit<SessionSpec, 'defaults'>;
  readonly #defaults: ReplaceableDefaults;
  readonly #create: (spec: SessionSpec) => EngineSession;
  /** By the names of the inputs without their default, the one used last behind the others. */
  readonly #sessions = new Map<string, EngineSession>();

  constructor(
    spec: Omit<SessionSpec, 'defaults'>,
    defaults: ReplaceableDefaults,
    create: (spec: SessionSpec) => EngineSession,
  ) {
    this.#spec = spec;
    this.#defaults = defaults;
    this.#create = create;
  }

  /** The session for a run with these inputs; undefined where it leaves every default as it is. Throws as loading a model does. */
  find(feeds: NamedTensors): EngineSession | undefined {
    const names = this.#defaults.names.filter((name) => feeds.has(name));
    if (names.length === 0) return undefined;
    const key = JSON.stringify(names);
    const session = this.#sessions.get(key) ?? this.#make(new Set(names));
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    return session;
  }

  release(): void {
    for (const session of this.#sessions.values()) void session.release();
    this.#sessions.clear();
  }

  #make(names: ReadonlySet<string>): EngineSession {
    const [oldest] = this.#sessions;
    if (oldest !== undefined && this.#sessions.size >= mostVariants) {
      this.#sessions.delete(oldest[0]);
      void oldest[1].release();
    }
    const { originalPath } = this.#defaults;
    const modelPath = join(dirname(originalPath), `without-defaults-${randomUUID()}.onnx`);
    try {
      const { edit } = readOnnxModel(originalPath, names);
      if (edit !== undefined) writeEditedNow(originalPath, edit, modelPath);
      return this.#create({ ...this.#spec, modelPath, optimised: false });
    } finally {
      rmSync(modelPath, { force: true });
    }
  }
}
