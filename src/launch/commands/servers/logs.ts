import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import type { LogsQuery } from '../../docker/gateway.js';
import { findServers, openFleet } from '../../fleet/fleet.js';
import type { ReplicaOutput, Server } from '../../fleet/server.js';
import { parseCount } from '../../request/flags/sizes.js';
import { parseTime } from '../../text/time.js';
import { pumpOutput } from '../../cli/terminal.js';
import { LineCutter } from '../../text/line-cutter.js';
import { addEngineOptions, wantsJson } from '../../cli/engine-flags.js';

interface LogsOptions {
  readonly all?: boolean;
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly until?: string;
  readonly timestamps?: boolean;
}

/** `launch logs [name...]`: what servers wrote; of a service, all of its replicas. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('logs'))
    .description("show a server's output")
    .argument('[server...]', 'names or ids; the only running one unless given')
    .option('-f, --follow', 'follow the output')
    .option('-n, --tail <lines>', 'only the last lines, or "all"')
    .option('--since <when>', 'only output since: 10m, 2026-01-31T12:00:00Z')
    .option('--until <when>', 'only output until then')
    .option('-t, --timestamps', 'put the time before each line')
    .option('-a, --all', "also the engine's other containers")
    .action(async (names: readonly string[], options: LogsOptions, command: Command) => {
      const fleet = await openFleet(command, context);
      const selection = { all: options.all === true, soleByDefault: true };
      const servers = await findServers(fleet, names, selection);
      const stop = new AbortController();
      const release = context.onSignal(() => stop.abort());
      const query = { ...parseQuery(options, context.now()), signal: stop.signal };
      const print = printerOf(servers.length > 1, wantsJson(command), context);
      await Promise.all(servers.map((server) => print(server, server.logs(query)))).finally(release);
    });
}

function parseQuery(options: LogsOptions, nowMs: number): LogsQuery {
  const { tail, since, until } = options;
  return {
    follow: options.follow === true,
    timestamps: options.timestamps === true,
    tail: tail === undefined || tail === 'all' ? undefined : parseCount('--tail', tail),
    sinceSeconds: since === undefined ? undefined : parseTime('--since', since, nowMs),
    untilSeconds: until === undefined ? undefined : parseTime('--until', until, nowMs),
  };
}

type Print = (server: Server, output: AsyncIterable<ReplicaOutput>) => Promise<void>;

/** One server's output goes through as it is; of several, or of a service, each line carries the name of what wrote it. */
function printerOf(isMixed: boolean, json: boolean, context: LaunchContext): Print {
  return async ({ name, facts }, output) => {
    if (!isMixed && !json && facts.kind !== 'service') return pumpOutput(output, context);
    const cutters = new Map<string, LineCutter>();
    const cutterFor = (who: string, stream: ReplicaOutput['stream']): LineCutter =>
      new LineCutter((text) => {
        const line = text.replace(/\r?\n$/, '');
        context.stdout.write(json ? `${JSON.stringify({ name: who, stream, line })}\n` : `${who} | ${line}\n`);
      });
    for await (const { stream, data, replica = name } of output) {
      const key = `${replica} ${stream}`;
      const cutter = cutters.get(key) ?? cutterFor(replica, stream);
      cutters.set(key, cutter);
      cutter.push(data.toString());
    }
    for (const cutter of cutters.values()) cutter.end();
  };
}
