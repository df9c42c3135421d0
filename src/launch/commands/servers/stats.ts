import type { Command } from 'commander';
import { setTimeout as wait } from 'node:timers/promises';
import type { LaunchContext } from '../../context.js';
import type { StatsSample } from '../../docker/types.js';
import { findServers, listServers, noneRunning, openFleet, type Fleet } from '../../fleet/fleet.js';
import type { Server } from '../../fleet/server.js';
import { formatBytes } from '../../cli/format.js';
import { formatTable } from '../../text/table.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface StatsOptions {
  readonly all?: boolean;
  readonly stream: boolean;
}

/** One row: a reading, with what this kind of server does not tell left out. */
type Reading = { readonly name: string } & Partial<StatsSample>;

const refreshMs = 1000;
const clearBelow = '\u001b[J';

/** `launch stats [name...]`: what servers consume, live on a terminal, once on a pipe. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('stats'))
    .description('show the resource use of servers: live on a terminal, once otherwise')
    .argument('[server...]', 'names or ids; all running ones unless given')
    .option('--no-stream', 'print once, also on a terminal')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: StatsOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const select = (): Promise<readonly Server[]> => selectRunning(fleet, names, options.all === true);
      const isLive = options.stream && context.console.isInteractive && !wantsJson(command);
      if (isLive) {
        await showLive(select, context);
        return;
      }
      const readings = await Promise.all((await select()).map(read));
      if (wantsJson(command)) context.console.json(readings);
      else if (readings.length > 0) context.console.result(tableOf(readings));
      else context.console.note(noneRunning);
    });
}

async function selectRunning(fleet: Fleet, names: readonly string[], all: boolean): Promise<readonly Server[]> {
  if (names.length === 0) return (await listServers(fleet, { all })).servers.filter(({ isUp }) => isUp);
  return findServers(fleet, names, { all, soleByDefault: false });
}

async function read(server: Server): Promise<Reading> {
  return { name: server.name, ...(await server.sample()) };
}

/** Draws the table again and again in place until a signal; rows come and go with what runs. */
async function showLive(select: () => Promise<readonly Server[]>, context: LaunchContext): Promise<void> {
  const stop = new AbortController();
  const release = context.onSignal(() => stop.abort());
  let drawnLines = 0;
  try {
    while (!stop.signal.aborted) {
      const servers = await select();
      const readings = await Promise.all(
        servers.map((server) => read(server).catch((): Reading => ({ name: server.name }))),
      );
      const table = tableOf(readings);
      const up = drawnLines === 0 ? '' : `\u001b[${drawnLines}A\r`;
      context.stdout.write(`${up}${clearBelow}${table}\n`);
      drawnLines = table.split('\n').length;
      await wait(refreshMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    release();
  }
}

function tableOf(readings: readonly Reading[]): string {
  const bytes = (value: number | undefined): string => (value === undefined ? '-' : formatBytes(value));
  const rows = readings.map((reading) => [
    reading.name,
    reading.cpuPercent === undefined ? '-' : `${reading.cpuPercent.toFixed(1)} %`,
    bytes(reading.memoryBytes),
    bytes(reading.memoryLimitBytes),
    reading.receivedBytes === undefined ? '-' : `${bytes(reading.receivedBytes)} / ${bytes(reading.sentBytes)}`,
    reading.readBytes === undefined ? '-' : `${bytes(reading.readBytes)} / ${bytes(reading.writtenBytes)}`,
    reading.pids === undefined ? '-' : String(reading.pids),
  ]);
  return formatTable(['NAME', 'CPU', 'MEMORY', 'LIMIT', 'NET IN / OUT', 'DISK READ / WRITE', 'PIDS'], rows);
}
