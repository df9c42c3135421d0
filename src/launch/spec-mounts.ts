import type { BindMount, MountRequest } from './flags/mount-types.js';
import type { ApiMount } from './spec-types.js';

/** Mounts in the engine's words. SELinux labels exist only in `Binds`, so what has one goes there. */
export function toMounts(mounts: readonly MountRequest[]): { Mounts: readonly ApiMount[]; Binds: readonly string[] } {
  return {
    Mounts: mounts.filter((mount) => !hasRelabel(mount)).map(toMount),
    Binds: mounts.filter(hasRelabel).map(toBind),
  };
}

function hasRelabel(mount: MountRequest): mount is BindMount {
  return mount.type === 'bind' && mount.relabel !== undefined;
}

/** `source:target:options`, as -v has it. */
export function toBind({ source, target, readOnly, relabel, propagation }: BindMount): string {
  const options = [
    ...(readOnly ? ['ro'] : []),
    ...(relabel === undefined ? [] : [relabel]),
    ...(propagation === undefined ? [] : [propagation]),
  ];
  return [source, target, ...(options.length === 0 ? [] : [options.join(',')])].join(':');
}

function toMount(mount: MountRequest): ApiMount {
  const shared = { Target: mount.target, ReadOnly: mount.readOnly };
  if (mount.type === 'bind') {
    const options = bindOptions(mount);
    return {
      Type: 'bind',
      Source: mount.source,
      ...shared,
      ...(mount.consistency === undefined ? {} : { Consistency: mount.consistency }),
      ...(Object.keys(options).length === 0 ? {} : { BindOptions: options }),
    };
  }
  if (mount.type === 'tmpfs') {
    const { sizeBytes, mode } = mount;
    const options = {
      ...(sizeBytes === undefined ? {} : { SizeBytes: sizeBytes }),
      ...(mode === undefined ? {} : { Mode: mode }),
    };
    return { Type: 'tmpfs', ...shared, ...(Object.keys(options).length === 0 ? {} : { TmpfsOptions: options }) };
  }
  const options = {
    ...(mount.noCopy ? { NoCopy: true } : {}),
    ...(mount.subpath === undefined ? {} : { Subpath: mount.subpath }),
    ...(Object.keys(mount.labels).length === 0 ? {} : { Labels: mount.labels }),
    ...(mount.driver === undefined && Object.keys(mount.driverOptions).length === 0
      ? {}
      : { DriverConfig: { Name: mount.driver ?? 'local', Options: mount.driverOptions } }),
  };
  return {
    Type: 'volume',
    ...(mount.source === undefined ? {} : { Source: mount.source }),
    ...shared,
    ...(Object.keys(options).length === 0 ? {} : { VolumeOptions: options }),
  };
}

function bindOptions({ propagation, recursive, createSource }: BindMount): Readonly<Record<string, unknown>> {
  return {
    ...(propagation === undefined ? {} : { Propagation: propagation }),
    ...(createSource ? { CreateMountpoint: true } : {}),
    ...(recursive === 'disabled' ? { NonRecursive: true } : {}),
    ...(recursive === 'writable' ? { ReadOnlyNonRecursive: true } : {}),
    ...(recursive === 'readonly' ? { ReadOnlyForceRecursive: true } : {}),
  };
}
