import { AppError, messageOf } from '../../errors.js';
import type { ModelConfig, OnnxHeader } from '../../model/config.js';
import { drawRow, rowStyles, type IntegerRange, type RowRecipe } from '../../tensor/hard-rows.js';
import type { NamedTensors, TensorSpec } from '../../tensor/tensor.js';
import type { DeclaredShape } from '../../tensor/shape.js';
import { sizeSettings } from './made-up-inputs.js';

/** What became of made-up inputs in a process of their own; where all failed, the runtime's words. */
export type MadeUpRuns = { readonly kind: 'ran' } | { readonly kind: 'failed'; readonly reasons: ReadonlySet<string> };

/** A request that a model refused. */
export interface RefusedRequest {
  readonly inputs: NamedTensors;
  /** The runtime's words. */
  readonly said: string;
}

/** What is asked where a run fails that its request seems to be to blame for. */
export interface ModelFaultOptions {
  /** Whether a run of the model has succeeded already. */
  readonly hasRun: boolean;
  readonly inputs: readonly TensorSpec[];
  /** Runs made-up inputs elsewhere. */
  readonly tryMadeUp: (request: RefusedRequest) => Promise<MadeUpRuns>;
  /** Told once, in words, that the model is at fault. */
  readonly onFound: (reason: string) => void;
}

/**
 * Tells requests that a model refuses from a model that refuses all: one in which a constant fits nothing says the same of every request as
 * of a wrong one. Made-up inputs are tried once, and only while no run has succeeded.
 */
export class ModelFault {
  readonly #options: ModelFaultOptions;
  #hasRun: boolean;
  #madeUp: Promise<MadeUpRuns> | undefined;
  #isFound = false;

  constructor(options: ModelFaultOptions) {
    this.#options = options;
    this.#hasRun = options.hasRun;
  }

  /** A run has succeeded. */
  ran(): void {
    this.#hasRun = true;
  }

  /** The error of a request as it is to be told: where every input fails in the same way, the model's. */
  async judge(error: unknown, inputs: NamedTensors): Promise<unknown> {
    if (this.#hasRun || !(error instanceof AppError) || error.details['isRequestFault'] !== true) return error;
    const { said } = error.details;
    if (typeof said !== 'string') return error;
    this.#madeUp ??= this.#options.tryMadeUp({ inputs, said });
    const madeUp = await this.#madeUp.catch(() => undefined);
    if (madeUp?.kind === 'ran') this.#hasRun = true;
    if (this.#hasRun || madeUp?.kind !== 'failed') return error;
    if (!isOneReason([said, ...madeUp.reasons], this.#options.inputs)) return error;
    if (!this.#isFound) this.#options.onFound(`Every run fails, with made-up inputs too: ${said}`);
    this.#isFound = true;
    const text = `The model fails whatever it is sent: ${said}. No run of it has succeeded, and made-up inputs failed in the same way. To fix: correct the constants of the model and load it again.`;
    return new AppError('ENGINE_FAILED', text, { cause: error });
  }
}

/** Runs that are tried, and how long they may take together. */
const mostRuns = 100;
const mostMs = 10_000;

/** Runs made-up inputs, one row at a time, until one succeeds. Rejects where a run fails for no fault of the model's, or nothing can be made up. */
export async function runMadeUp(
  run: (inputs: NamedTensors) => Promise<unknown>,
  of: { readonly header: OnnxHeader; readonly config: Pick<ModelConfig, 'image'> },
  request: RefusedRequest,
): Promise<MadeUpRuns> {
  const reasons = new Set<string>();
  const endMs = performance.now() + mostMs;
  let runs = 0;
  for (const { specs, recipe } of listTries(of, request)) {
    const inputs = makeRow(specs, recipe);
    if (inputs === undefined) continue;
    if (runs === mostRuns || performance.now() > endMs) break;
    runs += 1;
    try {
      await run(inputs);
      return { kind: 'ran' };
    } catch (error) {
      reasons.add(refusalOf(error));
    }
  }
  if (runs === 0) throw new AppError('INVALID_INPUT', 'No inputs could be made up.');
  return { kind: 'failed', reasons };
}

interface Try {
  readonly specs: readonly TensorSpec[];
  readonly recipe: RowRecipe;
}

/** The request's own shapes with many values; then every size that is known to suit some model, or that the runtime's words name. */
function* listTries(
  { header, config }: { readonly header: OnnxHeader; readonly config: Pick<ModelConfig, 'image'> },
  { inputs, said }: RefusedRequest,
): Generator<Try> {
  const own = header.inputs.map((input) => ({ ...input, shape: shapeOf(input, inputs) }));
  const settings = sizeSettings(header, config);
  for (const recipe of recipesFor(header.inputs)) {
    yield { specs: own, recipe };
    for (const specs of settings) yield { specs, recipe };
  }
  const [recipe] = recipesFor(header.inputs);
  if (recipe === undefined || !header.inputs.some(({ shape }) => shape.includes(-1))) return;
  for (const size of sizesIn(said)) {
    for (const specs of [header.inputs, ...settings.slice(0, 1)]) yield { specs: resized(specs, size), recipe };
  }
}

/** The shape that a request had; image files have none yet. */
function shapeOf({ name, datatype, shape }: TensorSpec, inputs: NamedTensors): DeclaredShape {
  const asked = inputs.get(name);
  return asked?.datatype === datatype && asked.shape.length === shape.length ? asked.shape : shape;
}

function recipesFor(inputs: readonly TensorSpec[]): readonly RowRecipe[] {
  const filled = (range: IntegerRange) => new Map(inputs.map(({ name }) => [name, range]));
  const recipes = rowStyles.map((style, seed) => ({ style, seed, integers: new Map<string, IntegerRange>() }));
  const others = [filled({ least: -1, most: -1 }), filled({ least: 0, most: 9 })];
  return [...recipes, ...others.map((integers, seed) => ({ style: 'plain' as const, seed, integers }))];
}

function makeRow(specs: readonly TensorSpec[], recipe: RowRecipe): NamedTensors | undefined {
  try {
    return drawRow(specs, recipe);
  } catch {
    return undefined;
  }
}

function resized(specs: readonly TensorSpec[], size: number): readonly TensorSpec[] {
  return specs.map((spec) => ({ ...spec, shape: spec.shape.map((dim) => (dim === -1 ? size : dim)) }));
}

const mostSizes = 24;
const largestSize = 4096;

/** Sizes that a refusal names, those that make room for an index, and those by which its shapes would have as many elements as each other. */
function sizesIn(said: string): readonly number[] {
  const lists = [...said.matchAll(/\d+(?:, ?\d+)*/g)].map(([list]) => list.split(',').map(Number));
  const named = [...lists.flat(), ...lists.map((list) => list.reduce((product, size) => product * size, 1))];
  const quotients = named.flatMap((left) => named.map((right) => left / right));
  const sizes = [...new Set([...named, ...named.map((size) => size + 1), ...quotients])];
  return sizes.filter((size) => Number.isInteger(size) && size > 1 && size <= largestSize).slice(0, mostSizes);
}

/**
 * Whether refusals say the same, but for the rows of each. Where a size is open they have to name one, and the same one where it is not that of
 * the rows: of sizes that nobody tried, one may be what the model was made for.
 */
function isOneReason(refusals: readonly string[], inputs: readonly TensorSpec[]): boolean {
  const isOpen = inputs.some(({ shape }) => shape.includes(-1));
  const isOpenBehind = inputs.some(({ shape }) => shape.lastIndexOf(-1) > 0);
  const facts = refusals.map((said) => said.replace(/Name:'[^']*'|\b\w+\.(?:h|cc):\d+/g, ''));
  if (isOpen && !facts.every((text) => /\d/.test(text))) return false;
  const reasons = isOpenBehind ? refusals : refusals.map((said) => said.replace(numbers, '#'));
  return new Set(reasons).size === 1;
}

const numbers = /-?\d+(?:\.\d+)?(?:, ?-?\d+)*/g;

function refusalOf(error: unknown): string {
  if (!(error instanceof AppError) || error.code !== 'ENGINE_FAILED') throw error;
  const { said } = error.details;
  return typeof said === 'string' ? said : messageOf(error);
}
