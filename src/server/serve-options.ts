import type { KeyRing } from './access/keys.js';
import type { Tls } from './access/tls.js';
import type { OwnNames } from './access/known-names.js';
import type { LoopLink } from './loop/loop-link.js';
import type { ProcessMemory } from '../resources/memory-limit.js';
import type { ThreadBudget } from '../resources/types.js';
import type { ModelsPlace } from './settings/models-place.js';
import type { Log } from './log/log.js';
import type { Settings } from './settings/settings.js';
import type { Succession } from './supervision/succession.js';

/** What a server is started from: everything that it takes from its process and its user. */
export interface ServeOptions {
  readonly settings: Settings;
  /** A promise while they are fetched from where they are kept. */
  readonly models: ModelsPlace | Promise<ModelsPlace>;
  /** Folders: of optimised copies, and of what lives as long as the process. */
  readonly cacheFolder: string;
  /** Proofs of the models that come with the server: they need no trial. */
  readonly trustedFile?: string;
  readonly temporaryFolder: string;
  /** Keys that clients must show. */
  readonly keys: KeyRing;
  readonly tls?: Tls | undefined;
  /** Names by which requests may call this machine. */
  readonly ownNames: OwnNames;
  readonly version: string;
  /** How the server before this one ended, as its supervisor says: `pid:SIGNAL`. */
  readonly ended?: string;
  /** Whether the process is another program's: then no hang ends it, and what runs is not written down. */
  readonly isGuest?: boolean;
  readonly processTag: string;
  /** How it takes ports over from another process, and leaves them; undefined: it does neither. */
  readonly succession?: Succession;
  /** Where this is one of several processes that are one server; undefined: it is alone. */
  readonly loop?: LoopLink;
  readonly budget: ThreadBudget;
  /** What all requests may hold together. */
  readonly requestMemoryBytes: number;
  /** What a process of a model that runs apart may have; undefined: any. */
  readonly processMemory?: ProcessMemory;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A run passed its limit, or no worker thread is started any more: nothing but the end of the process helps. */
  readonly onStuck: (what: string) => void;
  /** What runs is to finish, and another process is to be started in this one's stead. */
  readonly onWornOut: (what: string) => void;
}
