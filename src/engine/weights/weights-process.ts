import { getPriority, setPriority } from 'node:os';
import { messageOf } from '../../errors.js';
import type { SessionSpec } from '../engine.js';
import { endWithParent } from '../end-with-parent.js';
import { disableTelemetry } from '../telemetry.js';
import { findOrMakeWeights, tryingLine } from './weights-store.js';

/** What the process is asked, as JSON in its first argument. */
export interface WeightsRequest {
  readonly spec: SessionSpec;
  readonly folder: string;
  readonly maxBytes: number;
  readonly buildFolder: string;
  /** The process that waits for the answer; without it this one ends. */
  readonly parent: number;
}

/** What it prints as its last line, as JSON. */
export type WeightsAnswer =
  | { readonly kind: 'ready'; readonly modelPath: string; readonly made: boolean }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Entry of the process that finds or makes a model's optimised copy, at the lowest priority: hashing and saving take none of
 * the serving threads' time, and the memory of a whole load goes back to the system with the process.
 */
async function main({ spec, parent, ...request }: WeightsRequest): Promise<WeightsAnswer> {
  endWithParent(parent);
  disableTelemetry(process.env);
  if (getPriority() < 10) setPriority(10);
  const { ortEngine } = await import('../ort/ort.js');
  const onTry = () => void process.stdout.write(`${tryingLine}\n`);
  const store = { ...request, nowMs: Date.now(), userId: process.getuid?.(), onTry };
  try {
    return { kind: 'ready', ...(await findOrMakeWeights(ortEngine, spec, store)) };
  } catch (error) {
    return { kind: 'failed', reason: messageOf(error) };
  }
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as WeightsRequest)));
