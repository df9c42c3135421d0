import { access, readdir, readFile } from 'node:fs/promises';
import type { ContextWorld } from './context-store.js';

/** This machine's files, for resolving an engine's address. */
export function readWorld(process: Pick<ContextWorld, 'env' | 'homeFolder' | 'platform'>): ContextWorld {
  return {
    ...process,
    readText: (path) => readFile(path, 'utf8').catch(() => undefined),
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    listFolder: (path) => readdir(path).catch(() => []),
  };
}
