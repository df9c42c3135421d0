import { encodeServerHealth, type ServerHealth } from '../../protocol/server-health.js';
import type { OwnNames } from '../access/known-names.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Settings } from '../settings/settings.js';
import type { OpenHealthPort } from './health-port.js';

/** What a health port tells, and whom. */
export interface HealthPortParts {
  readonly ownNames: OwnNames;
  readonly asksForKeys: boolean;
  readonly health: () => ServerHealth;
  readonly metrics: () => Promise<Metrics>;
}

/** The health port where the settings have one. Rejects with PORT_IN_USE or USAGE. */
export async function openOwnHealthPort(
  settings: Settings,
  { ownNames, asksForKeys, metrics, ...parts }: HealthPortParts,
): Promise<OpenHealthPort | undefined> {
  const { host, healthPort: port, basePath, pages, auth } = settings;
  if (port === undefined) return undefined;
  const hasMetrics = !asksForKeys || auth.openMetrics;
  const health = () => {
    const now = parts.health();
    return { status: now.ready ? 200 : 503, body: JSON.stringify(encodeServerHealth(now)) };
  };
  const { openHealthPort } = await import('./health-port.js');
  return openHealthPort({ host, port, basePath, pages, ownNames, hasMetrics, health, metrics });
}
