import { homedir } from 'node:os';

/** The home folder of this process's account; `/`, as in a container, where it has none: no HOME, and no name for its number. */
export function findHomeFolder(find = homedir): string {
  try {
    return find() || '/';
  } catch {
    return '/';
  }
}
