import { AppError } from '../../errors.js';
import type { MountRequest } from '../request/flags/mount-types.js';

/** A mount in Compose's words. Throws USAGE for what they cannot say. */
export function toComposeMount(mount: MountRequest): Readonly<Record<string, unknown>> {
  const { type, target } = mount;
  const shared = { target, ...(mount.readOnly ? { read_only: true } : {}) };
  if (mount.type === 'tmpfs') {
    const { sizeBytes, mode } = mount;
    const options = {
      ...(sizeBytes === undefined ? {} : { size: sizeBytes }),
      ...(mode === undefined ? {} : { mode }),
    };
    return { type, ...shared, ...(Object.keys(options).length === 0 ? {} : { tmpfs: options }) };
  }
  if (mount.type === 'volume') {
    const { source, noCopy, subpath, driver, driverOptions, labels } = mount;
    const hasMore = driver !== undefined || Object.keys({ ...driverOptions, ...labels }).length > 0;
    if (hasMore)
      throw refuse(target, 'volume-driver, volume-opt and volume-label', 'make the volume by docker volume create');
    const options = {
      ...(noCopy ? { nocopy: true } : {}),
      ...(subpath === undefined ? {} : { subpath }),
    };
    return {
      type,
      ...(source === undefined ? {} : { source }),
      ...shared,
      ...(Object.keys(options).length === 0 ? {} : { volume: options }),
    };
  }
  const { source, createSource, relabel, propagation, recursive } = mount;
  if (recursive !== undefined) throw refuse(target, 'bind-recursive', 'leave it away');
  const bind = {
    // Without this a mistyped folder would be made, empty and root's.
    create_host_path: createSource,
    ...(relabel === undefined ? {} : { selinux: relabel }),
    ...(propagation === undefined ? {} : { propagation }),
  };
  return { type, source, ...shared, bind };
}

/** The file's own list of volumes; each keeps the name under which other servers have it. */
export function listVolumes(mounts: readonly MountRequest[]): Readonly<Record<string, { readonly name: string }>> {
  const names = mounts.flatMap((mount) =>
    mount.type === 'volume' && mount.source !== undefined ? [mount.source] : [],
  );
  return Object.fromEntries(names.map((name) => [name, { name }]));
}

function refuse(target: string, options: string, fix: string): AppError {
  return new AppError('USAGE', `The mount at ${target}: a Compose file does not take ${options}. To fix: ${fix}.`);
}
