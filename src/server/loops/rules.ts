import { AppError } from '../../errors.js';
import type { CpuBudget } from '../../resources/types.js';
import type { Settings } from '../settings/settings.js';

/** CPUs that one HTTP loop feeds with models of a few milliseconds, measured (docs/decisions/009). */
const cpusOfLoop = 6;

/** Where several processes may listen at one port, as Node offers it. */
const platforms: readonly string[] = ['linux', 'freebsd'];

/** What a process has to be for several loops. */
export interface LoopsWorld {
  readonly cpus: CpuBudget;
  /** `22.12.0`. */
  readonly nodeVersion: string;
  readonly platform: string;
}

/** How many HTTP loops there are; `reason`: why `auto` came to one. */
export interface LoopsChoice {
  readonly count: number;
  readonly reason?: string;
}

/** How many HTTP loops a server has. Throws USAGE where as many as were asked for would not work, with the reason; `auto` is one then. */
export function chooseLoops(settings: Settings, world: LoopsWorld): LoopsChoice {
  const { httpLoops: wish } = settings;
  const { cpus, source } = world.cpus;
  const count = wish === 'auto' ? Math.ceil(cpus / cpusOfLoop) : wish;
  if (count === 1) return wish === 'auto' ? { count, reason: `one loop feeds ${cpus} CPUs (${source})` } : { count };
  const obstacle = findObstacle(settings, world, count);
  if (obstacle === undefined) return { count };
  if (wish === 'auto') return { count: 1, reason: obstacle };
  throw new AppError('USAGE', `--http-loops ${count}: ${obstacle}.`);
}

function findObstacle(settings: Settings, { cpus: budget, nodeVersion, platform }: LoopsWorld, count: number) {
  const { grpcPort, streams, executionProvider, requireGpu, workers, auth, limits } = settings;
  const { cpus, source } = budget;
  const fewer = `ask for fewer loops`;
  const rows: readonly (readonly [isMet: boolean, text: string])[] = [
    [!platforms.includes(platform), `several processes cannot listen at one port on ${platform}`],
    [!sharesPorts(nodeVersion), `this is Node.js ${nodeVersion}; several loops on one port need 22.12 or newer`],
    [
      count > cpus,
      `this process may use ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'} (${source}), and each loop needs one: ${fewer}, or give it more CPUs`,
    ],
    [grpcPort !== undefined, '--grpc-port is served by one loop: leave one of the two out'],
    [streams.length > 0, '--stream reads each camera once, in one loop: leave one of the two out'],
    [
      requireGpu || (executionProvider !== 'cpu' && executionProvider !== 'auto'),
      `each loop would hold its own copy of every model in a GPU's memory: use --execution-provider cpu, or one loop`,
    ],
    [workers !== 'auto' && workers < count, `--workers ${workers} leaves a loop without a worker: ${fewer}`],
    [auth.ratePerSecond < count, `--key-rate ${auth.ratePerSecond} cannot be divided among ${count} loops: ${fewer}`],
    [
      limits.connections !== 0 && limits.connections < count,
      `--max-connections ${limits.connections} cannot be divided among ${count} loops: ${fewer}`,
    ],
  ];
  return rows.find(([isMet]) => isMet)?.[1];
}

/** Whether this Node.js knows `reusePort`: from 22.12 on, and 23.1. */
function sharesPorts(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
