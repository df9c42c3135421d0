import type { EnvironmentBefore } from '../environment/environment.js';
import type { LoadGenerator } from '../load/load.js';
import type { Method } from '../types.js';
import type { ServerOptions } from './hosts/servers.js';
import type { PeersReport } from './types.js';
import type { WorkName } from '../workloads.js';

/** What a comparison is run with. */
export interface PeersOptions extends ServerOptions {
  readonly works: readonly WorkName[];
  /** Names of real models. */
  readonly realModels: readonly string[];
  /** The detector's file, where there is one. */
  readonly ultraface: string | undefined;
  readonly environment: EnvironmentBefore;
  readonly startedAt: Date;
  readonly mode: Method['mode'];
}

/** What one part of a run found. */
export type Compared = Pick<PeersReport, 'works' | 'servers' | 'left' | 'rows'>;

/** What every part of a run is measured with. */
export interface Measuring {
  readonly load: LoadGenerator;
  readonly method: Method;
  /** Rounds of wrk; 0: none. */
  readonly wrkRounds: number;
}
