import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import type { LogsQuery } from '../../docker/gateway.js';
import type { OutputChunk } from '../../docker/types.js';
import { findServers, openFleet } from '../../fleet/fleet.js';
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

/** `launch logs [name...]`: what servers wrote. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('logs'))
    .description('show what a server wrote')
    .argument('[name...]', 'names or ids; the only running one unless given')
    .option('-f, --follow', 'follow the output')
    .option('-n, --tail <lines>', 'only the last lines, or "all"')
    .option('--since <when>', 'only what came since: 10m, 2026-01-31T12:00:00Z')
    .option('--until <when>', 'only what came until then')
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
      await Promise.all(servers.map((server) => print(server.name, server.logs(query)))).finally(release);
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

type Print = (name: string, output: AsyncIterable<OutputChunk>) => Promise<void>;

/** One server's output goes through as it is; of several, each line carries its server's name. */
function printerOf(isMixed: boolean, json: boolean, context: LaunchContext): Print {
  if (!isMixed && !json) return (_name, output) => pumpOutput(output, context);
  return async (name, output) => {
    const cutterFor = (stream: OutputChunk['stream']): LineCutter =>
      new LineCutter((text) => {
        const line = text.replace(/\r?\n$/, '');
        context.stdout.write(json ? `${JSON.stringify({ name, stream, line })}\n` : `${name} | ${line}\n`);
      });
    const cutters = { stdout: cutterFor('stdout'), stderr: cutterFor('stderr') };
    for await (const { stream, data } of output) cutters[stream].push(data.toString());
    cutters.stdout.end();
    cutters.stderr.end();
  };
}
