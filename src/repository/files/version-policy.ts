import type { VersionPolicy } from '../../model/config.js';

/** The versions to serve, ascending; those that a list names are wanted even where they are not on disk. */
export function chooseVersions(policy: VersionPolicy, onDisk: readonly string[]): readonly string[] {
  const ascending = (versions: readonly string[]) => [...versions].sort((a, b) => Number(a) - Number(b));
  if (policy === 'all') return ascending(onDisk);
  if (policy === 'latest') return ascending(onDisk).slice(-1);
  return ascending([...new Set(policy.map(String))]);
}

/** The policy as model.json writes it. */
export function formatPolicy(policy: VersionPolicy): string {
  return JSON.stringify(policy);
}
