import { omitUndefined } from '../../omit-undefined.js';
import type { GpuPath } from '../decide/gpu/gpu-path.js';
import { idsOf, type GpuRequest } from '../request/flags/gpus.js';
import type { DeviceRequest, ApiMount } from './spec-types.js';
import type { BindMount, MountRequest } from '../request/flags/mount-types.js';

/** What a GPU path adds to a container. */
export interface GpuParts {
  readonly env: Readonly<Record<string, string>>;
  readonly deviceRequests: readonly DeviceRequest[];
  readonly runtime?: string;
  readonly securityOptions: readonly string[];
}

/**
 * A GPU path in the engine's words; without one, nothing. Every way sets what the others would read: an engine whose default runtime is
 * nvidia also gives the GPUs that NVIDIA_VISIBLE_DEVICES names, and CUDA images set it to `all`. `void` names none.
 */
export function toGpuParts(path: GpuPath | undefined): GpuParts {
  const none: GpuParts = { env: {}, deviceRequests: [], securityOptions: [] };
  if (path === undefined) return none;
  if (path.kind === 'gpus') {
    const env = { NVIDIA_VISIBLE_DEVICES: idsOf(path.request.selection).join(',') };
    return { ...none, env, deviceRequests: [toDeviceRequest(path.request)] };
  }
  if (path.kind === 'cdi') {
    const securityOptions = path.needsLabelDisable ? ['label=disable'] : [];
    const env = { NVIDIA_VISIBLE_DEVICES: 'void' };
    return { ...none, env, deviceRequests: [{ Driver: 'cdi', DeviceIDs: path.devices }], securityOptions };
  }
  return {
    ...none,
    runtime: 'nvidia',
    env: { NVIDIA_VISIBLE_DEVICES: path.visibleDevices, NVIDIA_DRIVER_CAPABILITIES: path.capabilities.join(',') },
  };
}

/**
 * Driver is always named: with an empty one newer engines look for a vendor first and fail with another text.
 * `gpu` alone lets compute and utility in; with any other capability both must be named, or libcuda.so.1 stays out.
 */
function toDeviceRequest({ selection, capabilities, driver, options }: GpuRequest): DeviceRequest {
  const wanted = capabilities.length === 0 ? ['gpu'] : [...new Set(['gpu', 'compute', 'utility', ...capabilities])];
  return {
    Driver: driver ?? 'nvidia',
    ...(selection.kind === 'all' ? { Count: -1 } : {}),
    ...(selection.kind === 'count' ? { Count: selection.count } : {}),
    ...(selection.kind === 'ids' ? { DeviceIDs: selection.ids } : {}),
    Capabilities: [wanted],
    ...(Object.keys(options).length === 0 ? {} : { Options: options }),
  };
}

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
function toBind({ source, target, readOnly, relabel, propagation }: BindMount): string {
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
    const options = omitUndefined({ SizeBytes: sizeBytes, Mode: mode });
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
