import type { GpuPath } from './gpu-path.js';
import type { GpuRequest } from './flags/gpus.js';
import type { DeviceRequest } from './spec-types.js';

/** What a GPU path adds to a container. */
export interface GpuParts {
  readonly env: Readonly<Record<string, string>>;
  readonly deviceRequests: readonly DeviceRequest[];
  readonly runtime?: string;
  readonly securityOptions: readonly string[];
}

/** A GPU path in the engine's words; without one, nothing. */
export function toGpuParts(path: GpuPath | undefined): GpuParts {
  const none: GpuParts = { env: {}, deviceRequests: [], securityOptions: [] };
  if (path === undefined) return none;
  if (path.kind === 'gpus') return { ...none, deviceRequests: [toDeviceRequest(path.request)] };
  if (path.kind === 'cdi') {
    const securityOptions = path.needsLabelDisable ? ['label=disable'] : [];
    return { ...none, deviceRequests: [{ Driver: 'cdi', DeviceIDs: path.devices }], securityOptions };
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
