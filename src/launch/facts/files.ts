import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../../errors.js';
import { known, couldNotAsk, type Fact } from './facts.js';
import type { HostWorld } from './machine.js';

/** A file's text, or undefined where there is none; what may not be read throws. */
export function readText(world: HostWorld, path: string): Promise<string | undefined> {
  return orAbsent(readFile(join(world.root, path), 'utf8'));
}

/** Names in a folder, sorted; none where there is no such folder. */
export async function listNames(world: HostWorld, folder: string): Promise<readonly string[]> {
  return ((await orAbsent(readdir(join(world.root, folder)))) ?? []).sort();
}

/** Name of what a link points at, or undefined where there is no link. */
export async function readLinkName(world: HostWorld, path: string): Promise<string | undefined> {
  const target = await orAbsent(readlink(join(world.root, path)));
  return target === undefined ? undefined : basename(target);
}

/** Numeric group that owns a path, or undefined where there is none. */
export async function readGroup(world: HostWorld, path: string): Promise<number | undefined> {
  return (await orAbsent(stat(join(world.root, path))))?.gid;
}

/** A device file's number, 0 for another file; undefined where there is none. */
export async function readDeviceNumber(world: HostWorld, path: string): Promise<number | undefined> {
  return (await orAbsent(stat(join(world.root, path))))?.rdev;
}

/** Turns a probe's throw (no permission, a broken disk) into "could not ask". */
export async function asking<T>(what: string, probe: () => Promise<Fact<T>>): Promise<Fact<T>> {
  try {
    return await probe();
  } catch (thrown) {
    return couldNotAsk(`could not read ${what}: ${messageOf(thrown)}`);
  }
}

/** The answer of a host that has no such files at all, where they say nothing. */
export function linuxOnly<T>(world: HostWorld, what: string, probe: () => Promise<Fact<T>>): Promise<Fact<T>> {
  if (world.platform === 'linux') return asking(what, probe);
  return Promise.resolve(couldNotAsk(`${what} exists on Linux only; this is ${world.platform}`));
}

/** A list as a fact; the evidence names what was found, or where nothing was. */
export function listed<T>(values: readonly T[], where: string, nameOf: (value: T) => string): Fact<readonly T[]> {
  return known(values, values.length === 0 ? `nothing in ${where}` : values.map(nameOf).join(', '));
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}
