import path from 'node:path';
import { flagError } from './csv.js';
import type { PathBase } from './mount-types.js';

const drivePath = /^[A-Za-z]:[\\/]/;

/** A flag's text, for messages, with its value. */
export interface FlagText {
  readonly flag: string;
  readonly text: string;
}

/** Splits at colons, the one after a Windows drive letter kept: `C:\models:/srv:ro` has three fields. */
export function splitColons(text: string): readonly string[] {
  const drive = drivePath.test(text) ? text.slice(0, 2) : '';
  const [first = '', ...rest] = text.slice(drive.length).split(':');
  return [drive + first, ...rest];
}

/** Whether a source names a folder rather than a volume: it starts with `.`, `~`, `/`, `\\` or a drive. */
export function isPath(source: string): boolean {
  return /^(\.|~([\\/]|$)|\/|\\\\)/.test(source) || drivePath.test(source);
}

/** The absolute form of a source path; `.` and `~` start at the base's folders. */
export function toAbsolute(source: string, { cwd, homeFolder, platform }: PathBase): string {
  const paths = platform === 'win32' ? path.win32 : path.posix;
  if (drivePath.test(source)) return path.win32.normalize(source);
  if (source.startsWith('~')) return paths.join(homeFolder, source.slice(1));
  return paths.resolve(cwd, source);
}

/** Refuses a target that no container could have, with what Git Bash does to paths named. */
export function checkTarget({ flag, text }: FlagText, target: string): string {
  if (/[:;][A-Za-z]:[\\/]/.test(text)) {
    throw flagError(
      flag,
      text,
      'the shell rewrote the path (Git Bash does); type MSYS_NO_PATHCONV=1 before the command',
    );
  }
  if (!target.startsWith('/')) {
    throw flagError(
      flag,
      text,
      `the path inside the container must be absolute, but is ${target || 'empty'}; for instance .:/srv`,
    );
  }
  const clean = path.posix.normalize(target).replace(/(.)\/$/, '$1');
  if (clean === '/') throw flagError(flag, text, 'the container has its own /; choose a folder such as /srv');
  return clean;
}

/** Refuses what is no volume name; something with a slash was meant as a path. */
export function checkVolumeName({ flag, text }: FlagText, name: string): string {
  if (/[\\/]/.test(name)) throw flagError(flag, text, `${name} is not a volume name; for the folder type ./${name}`);
  if (!/^[A-Za-z0-9][\w.-]+$/.test(name)) {
    throw flagError(
      flag,
      text,
      `${name} is not a volume name: two or more letters, digits, _, . or -; a folder starts with ./`,
    );
  }
  return name;
}
