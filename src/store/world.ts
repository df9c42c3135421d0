import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { readRegularFile } from '../regular-file.js';
import type { DockerConfigWorld } from './credentials/docker-config.js';

/** What the process lends to pulls and pushes: its settings, its files, its clock and its name. */
export interface StoreWorld extends DockerConfigWorld {
  /** Who this process is to others that use the same cache. */
  readonly self: { readonly host: string; readonly pid: number };
  readonly userId: number | undefined;
  readonly isRunning: (pid: number) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  wait(ms: number): Promise<void>;
  /** Ends what is asked and waited for. */
  readonly signal?: AbortSignal;
}

/** This process as a StoreWorld. */
export function lendStoreWorld(lent: Pick<StoreWorld, 'env' | 'homeFolder' | 'now' | 'signal'>): StoreWorld {
  return {
    ...lent,
    self: { host: hostname().replace(/[^\w-]/g, '_'), pid: process.pid },
    userId: process.getuid?.(),
    readText: (path) => readRegularFile(path).then(String, () => undefined),
    isRunning: (pid) => {
      try {
        return process.kill(pid, 0);
      } catch (thrown) {
        return (thrown as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
    wait: (ms) => setTimeout(ms, undefined, lent.signal === undefined ? {} : { signal: lent.signal }),
  };
}
