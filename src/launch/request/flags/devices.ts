import { flagError } from './csv.js';

/** One `--device`: a path on the engine's host (a folder expands there), or a CDI name. */
export type DeviceMapping =
  | { readonly kind: 'path'; readonly host: string; readonly container: string; readonly permissions: string }
  | { readonly kind: 'cdi'; readonly name: string };

const flag = '--device';
const cdiName = /^[A-Za-z][\w.-]*\/[A-Za-z][\w.-]*=[\w.:-]+$/;

/** `host[:container][:rwm]`, where the second field may be the mode, or `vendor.com/class=name`. */
export function parseDevice(text: string): DeviceMapping {
  if (cdiName.test(text)) return { kind: 'cdi', name: text };
  const [host = '', second, third, ...rest] = text.split(':');
  if (!host.startsWith('/')) {
    throw flagError(flag, text, 'expected a path such as /dev/video0 or a CDI name such as nvidia.com/gpu=0');
  }
  const secondIsMode = third === undefined && second !== undefined && /^[rwm]+$/.test(second);
  const container = second === undefined || second === '' || secondIsMode ? host : second;
  const permissions = (secondIsMode ? second : third) ?? 'rwm';
  if (rest.length > 0 || !container.startsWith('/')) {
    throw flagError(flag, text, 'expected host path[:container path][:rwm]');
  }
  if (!/^[rwm]+$/.test(permissions)) throw flagError(flag, text, `mode ${permissions} may hold only r, w and m`);
  return { kind: 'path', host, container, permissions };
}
