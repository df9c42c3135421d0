import { AppError, messageOf } from '../../errors.js';
import { areAlike, findSpread, type NoiseKind, type Spread } from '../../tensor/noise.js';
import { concatRows, sliceRows } from '../../tensor/rows.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import type { RunJob } from '../../workers/runner.js';

/** One request that shared a run, with what it was answered; all of it copies that nobody else frees or changes. */
export interface Served {
  readonly inputs: NamedTensors;
  readonly outputs: readonly string[];
  readonly rows: number;
  /** First of its rows in the run. */
  readonly from: number;
}

/** The whole run: padding and the rows of others included. */
export interface ServedRun {
  readonly rowsToRun: number;
  readonly outputs: NamedTensors;
}

/** `random`: the model answers differently each time, so that nothing can be said. */
export type Verdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'random' }
  | { readonly kind: 'differs'; readonly output: string; readonly reason: string };

/** Runs one request without others. */
export type RunAlone = (job: RunJob) => Promise<NamedTensors>;

/**
 * Computes a request alone and compares. Where that differs more than rounding does, it also runs beside copies of itself, at its place
 * in a run of the same size: the same kernels then round in the same way, so that what still differs comes from the neighbours.
 */
export async function recheck(
  served: Served,
  run: ServedRun,
  { runAlone, noise }: { readonly runAlone: RunAlone; readonly noise: NoiseKind },
): Promise<Verdict> {
  const { outputs, rows, from } = served;
  const spreads = new Map(outputs.map((name) => [name, findSpread([run.outputs.get(name) as Tensor])]));
  const answered = new Map(outputs.map((name) => [name, sliceRows(run.outputs.get(name) as Tensor, from, rows)]));
  const judge = { noise, spreads };
  const once = () => runAlone({ requests: [copyTensors(served.inputs)], rows, outputs });
  let alone: NamedTensors;
  try {
    alone = await once();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'ENGINE_FAILED') throw error;
    return differs(outputs[0] ?? '', `alone the request fails (${messageOf(error)})`);
  }
  if (findOther(answered, alone, { ...judge, kernels: 'same' }) === undefined) return { kind: 'same' };
  const beside = await runAlone({ requests: [besideItself(served, run.rowsToRun)], rows: run.rowsToRun, outputs });
  const copied = new Map(outputs.map((name) => [name, sliceRows(beside.get(name) as Tensor, from, rows)]));
  const other =
    findOther(answered, copied, { ...judge, kernels: 'same' }) ??
    findOther(answered, alone, { ...judge, kernels: 'other' });
  if (other === undefined) return { kind: 'same' };
  const isRandom = findOther(alone, await once(), { ...judge, kernels: 'same' }) !== undefined;
  return isRandom ? { kind: 'random' } : differs(other, 'a request got another answer beside others than alone');
}

function differs(output: string, what: string): Verdict {
  return { kind: 'differs', output, reason: `output '${output}' depends on the other rows of its run: ${what}` };
}

interface Judge {
  readonly noise: NoiseKind;
  readonly spreads: ReadonlyMap<string, Spread>;
  readonly kernels: 'same' | 'other';
}

/** The first output that is not the same answer. */
function findOther(
  left: NamedTensors,
  right: NamedTensors,
  { noise: kind, spreads, kernels }: Judge,
): string | undefined {
  for (const [name, tensor] of left) {
    const other = right.get(name);
    const spread = spreads.get(name) as Spread;
    if (other === undefined || !areAlike(tensor, other, { kind, spread, kernels })) return name;
  }
  return undefined;
}

/** The request's own rows over and over, so that they stand where they stood in the run. */
function besideItself({ inputs, rows, from }: Served, rowsToRun: number): NamedTensors {
  const order = Array.from({ length: rowsToRun }, (_, place) => (((place - from) % rows) + rows) % rows);
  return new Map(Array.from(inputs, ([name, tensor]) => [name, tile(tensor, order)]));
}

function tile(tensor: Tensor, order: readonly number[]): Tensor {
  return order.length === 1
    ? copyTensor(tensor)
    : concatRows(
        order.map((row) => sliceRows(tensor, row, 1)),
        order.length,
      );
}

/** Copies with memory of their own: a run takes the buffers of what it is given. */
export function copyTensors(tensors: NamedTensors): NamedTensors {
  return new Map(Array.from(tensors, ([name, tensor]) => [name, copyTensor(tensor)]));
}

function copyTensor(tensor: Tensor): Tensor {
  return tensor.datatype === 'BYTES' ? tensor : { ...tensor, data: tensor.data.slice() };
}
