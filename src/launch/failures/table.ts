import { engineFailures } from './engine-failures.js';
import { gpuFailures, otherGpuFailures } from './gpu-failures.js';
import type { KnownFailure } from './known-failure.js';
import { registryFailures } from './registry-failures.js';

/** Every known failure of a start; the first pattern that matches is meant. */
export const knownFailures: readonly KnownFailure[] = [...gpuFailures, ...engineFailures, ...otherGpuFailures];

/** Those of an image that comes or goes: what registries say is looked for first. */
export const transferFailures: readonly KnownFailure[] = [...registryFailures, ...knownFailures];

/** Those of a build, whose lines may name anything else: a registry, the disk, the processor. */
export const buildFailures: readonly KnownFailure[] = [
  ...registryFailures,
  ...engineFailures.filter(({ id }) => /^(no-space|platform|no-tag)$/.test(id)),
];

/** Finds the known failure in a text of an engine, a runtime or a log; undefined for one never seen. */
export function diagnose(text: string, among = knownFailures): KnownFailure | undefined {
  const plain = text.replace(/Auto-detected mode as '[^']*'\n?/g, '');
  return among.find(({ pattern }) => pattern.test(plain));
}
