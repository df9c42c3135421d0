import { parseDuration } from '../request/flags/sizes.js';
import type { ContainerSpec } from '../container/spec-types.js';

/** Where a replica says how it is, and how long it takes to end. */
export interface ServerSettings {
  readonly port: number;
  readonly healthPort: number;
  readonly basePath: string;
  /** From SIGTERM to the last moment at which the server ends by itself. */
  readonly stopMs: number;
  readonly hasTls: boolean;
}

/** The image's own delay before it takes no more connections, and the server's limit for what still runs. */
const stopDelay = '1s';
const stopTimeout = '30s';

/** What a replica's flags and variables say of it; a port for health that they do not name is chosen. */
export function readServerSettings(spec: ContainerSpec, port: number): ServerSettings {
  const setting = (name: string): string | undefined => settingOf(spec, name);
  const chosen = port === 8002 ? 8003 : 8002;
  const duration = (name: string, fallback: string): number => parseDuration(`--${name}`, setting(name) ?? fallback);
  return {
    port,
    healthPort: Number(setting('health-port') ?? chosen),
    basePath: (setting('base-path') ?? '').replace(/\/$/, ''),
    stopMs: duration('stop-delay', stopDelay) + duration('stop-timeout', stopTimeout),
    hasTls: setting('tls-cert') !== undefined,
  };
}

/** A setting of the server: its flag, else its variable. */
export function settingOf({ body }: ContainerSpec, name: string): string | undefined {
  const args = body.Cmd ?? [];
  const at = args.indexOf(`--${name}`);
  const flag = at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const variable = `SLIPWAY_${name.replaceAll('-', '_').toUpperCase()}=`;
  return flag ?? body.Env.find((text) => text.startsWith(variable))?.slice(variable.length);
}
