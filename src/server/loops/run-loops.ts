import { AppError } from '../../errors.js';
import type { ServerHealth } from '../../protocol/server-health.js';
import type { CpuBudget } from '../../resources/types.js';
import { readOwnNames } from '../access/known-names.js';
import { openOwnHealthPort } from '../health-port/health-port.js';
import type { Log } from '../log/log.js';
import type { Settings } from '../settings/settings.js';
import { servingOf, type Succession } from '../supervision/succession.js';
import { describeDivision } from '../loop/divide.js';
import type { LoopEnd } from './loop-child.js';
import type { Announcement } from '../loop/messages.js';
import { drains, Parent } from './parent.js';
import { findPorts } from './ports.js';
import { wholeMetrics } from './answers.js';

/** What several loops are run from. */
export interface LoopsRun {
  readonly settings: Settings;
  readonly count: number;
  readonly cpus: CpuBudget;
  readonly world: NodeJS.Process;
  readonly log: Log;
  readonly succession: Succession | undefined;
  readonly announce: (announcement: Announcement, loops: string) => void;
  /** Called by the first signal on which requests finish. */
  readonly onStopping: () => void;
  readonly onEnd: (end: LoopEnd) => void;
}

const stops = [...drains, 'SIGHUP', 'SIGQUIT'] as const;

/** What a loop may take to end beyond its own limits before it is killed. */
const marginMs = 2000;

/** Serves from several processes with an HTTP loop each, on the same ports. Rejects with PORT_IN_USE, or USAGE. */
export async function runLoops(run: LoopsRun): Promise<void> {
  const { settings, count, cpus, world, log, succession } = run;
  if (succession?.turn !== undefined) {
    const text = `--http-loops ${count} cannot take the place of a running server (--replace): stop that one first.`;
    throw new AppError('USAGE', text);
  }
  const ports = await findPorts(settings, { log });
  log.info(describeDivision(settings, cpus, count), 'several HTTP loops: each gets its share of the limits');
  let push = (): void => undefined;
  const parent: Parent = new Parent({
    count,
    ports,
    world,
    log,
    stopMs: settings.stop.delayMs + settings.stop.timeoutMs + marginMs,
    onStarted: (announcement) => {
      run.announce(
        announcement,
        `${count} HTTP loops on this port, ready in ${(performance.now() / 1000).toFixed(2)} s`,
      );
      succession?.tellServing({
        ...servingOf(settings),
        obstacle: `--http-loops ${count} has ports that another process cannot take over`,
      });
    },
    onHealth: (health) => {
      succession?.tellHealth(health);
      push();
    },
    onEnd: run.onEnd,
  });
  const healthPort = await openHealthPort(parent, settings);
  push = () => healthPort?.push();
  followSignals(parent, run);
  parent.startFirst();
}

async function openHealthPort(parent: Parent, settings: Settings) {
  if (settings.healthPort === undefined) return undefined;
  const { keys, keysFile } = settings.auth;
  const metrics = wholeMetrics(() => parent.metrics());
  return openOwnHealthPort(settings, {
    ownNames: await readOwnNames(),
    asksForKeys: keys.length > 0 || keysFile !== undefined,
    health: (): ServerHealth => parent.health(),
    metrics: () => Promise.resolve(metrics),
  });
}

function followSignals(parent: Parent, { world, onStopping }: LoopsRun): void {
  let isStopping = false;
  for (const signal of stops) {
    world.on(signal, () => {
      if (!isStopping && drains.includes(signal)) onStopping();
      isStopping = true;
      parent.stop(signal);
    });
  }
}
