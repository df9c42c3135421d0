import type { GpuPath } from './gpu-path.js';
import { idsOf, type GpuRequest } from './flags/gpus.js';
import type { DeviceRequest } from './spec-types.js';

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
