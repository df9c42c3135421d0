import type { CpuBudget } from '../../resources/types.js';
import type { Settings } from '../settings/settings.js';

/** Which of how many loops: `index` counts from 0. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

/** Ports that all loops listen at. */
export interface LoopPorts {
  readonly port: number;
  readonly metricsPort?: number;
  readonly managementPort?: number;
}

/** A loop's part of a whole number: the first ones get what is left over. */
export function shareOf(total: number, { index, count }: Share): number {
  return Math.floor(total / count) + (index < total % count ? 1 : 0);
}

/** What a loop is called in texts: `HTTP loop 2 of 4`. */
export function nameOf({ index, count }: Share): string {
  return `HTTP loop ${index + 1} of ${count}`;
}

/**
 * The settings of one loop: its part of what is given for the whole server. Models run on the CPU, since each loop would hold its own copy
 * in a GPU's memory; the health port is the parent's.
 */
export function divideSettings(settings: Settings, share: Share, ports: LoopPorts): Settings {
  const { auth, limits, management, workers } = settings;
  const { requestMemory } = limits;
  return {
    ...withoutHealthPort(settings),
    ...ports,
    executionProvider: 'cpu',
    workers: workers === 'auto' ? 'auto' : shareOf(workers, share),
    auth: { ...auth, ratePerSecond: auth.ratePerSecond / share.count },
    limits: {
      ...limits,
      connections: shareOf(limits.connections, share),
      requestMemory: requestMemory === 'auto' ? 'auto' : shareOf(requestMemory, share),
    },
    management: { ...management, ...(ports.managementPort === undefined ? {} : { port: ports.managementPort }) },
  };
}

function withoutHealthPort(settings: Settings): Settings {
  const { ...rest }: { -readonly [Name in keyof Settings]: Settings[Name] } = settings;
  delete rest.healthPort;
  return rest;
}

/** The CPUs of one loop. */
export function divideCpus({ cpus, source }: CpuBudget, share: Share): CpuBudget {
  return { cpus: shareOf(cpus, share), source: `of ${cpus} for ${share.count} HTTP loops, ${source}` };
}

/** What each loop gets, for the line that tells it. */
export function describeDivision(
  settings: Settings,
  { cpus }: CpuBudget,
  count: number,
): Readonly<Record<string, unknown>> {
  const { auth, limits } = settings;
  const shares = Array.from({ length: count }, (_, index) => shareOf(cpus, { index, count }));
  return {
    loops: count,
    cpus: shares.join(' + '),
    ...(auth.ratePerSecond === Infinity ? {} : { keyRate: `${auth.ratePerSecond} / ${count}` }),
    ...(limits.connections === 0 ? {} : { maxConnections: `${limits.connections} / ${count}` }),
    requestMemory: `${limits.requestMemory} / ${count}`,
  };
}
