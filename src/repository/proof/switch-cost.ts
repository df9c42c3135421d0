/** What runs of a model take, in milliseconds. */
export interface SwitchCost {
  readonly runMs: number;
  /** What a run takes beyond that after one of another number of rows. */
  readonly switchMs: number;
}

/** Runs so many rows, and answers what it took in milliseconds. */
export type TimeRows = (rows: number) => Promise<number>;

const turns = 3;

/**
 * Some kernels of a GPU are planned anew whenever the shape changes, also back to one that they had before: cuDNN's convolutions in ONNX Runtime
 * 1.30. The least of several, so that what else the machine does is not taken for it.
 */
export async function measureSwitch(time: TimeRows, rows: number): Promise<SwitchCost> {
  const runMs = await timeSteady(time, rows);
  const oneMs = await timeSteady(time, 1);
  let pairMs = Infinity;
  for (let turn = 0; turn < turns; turn += 1) pairMs = Math.min(pairMs, (await time(rows)) + (await time(1)));
  return { runMs, switchMs: Math.max(0, (pairMs - runMs - oneMs) / 2) };
}

/** What runs of one size take, after a first that nobody counts. */
async function timeSteady(time: TimeRows, rows: number): Promise<number> {
  await time(rows);
  let leastMs = Infinity;
  for (let turn = 0; turn < turns; turn += 1) leastMs = Math.min(leastMs, await time(rows));
  return leastMs;
}
