import type { Command } from 'commander';
import type { LaunchContext } from '../../context.js';
import type { EngineEvent } from '../../docker/types.js';
import { managedLabel } from '../../fleet/fleet.js';
import { shortId } from '../../cli/format.js';
import { parseTime } from '../../text/time.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

interface EventsOptions {
  readonly all?: boolean;
  readonly since?: string;
  readonly until?: string;
}

/** `launch events`: what happens to servers, as it happens. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('events'))
    .description('show events of servers as they happen; --json prints one event per line')
    .option('--since <when>', 'only output since: 10m, 2026-01-31T12:00:00Z')
    .option('--until <when>', 'only events until then, then end')
    .option('-a, --all', 'everything on the engine')
    .action(async (options: EventsOptions, command: Command) => {
      const docker = await context.openGateway(engineAddressOf(command));
      const stop = new AbortController();
      const release = context.onSignal(() => stop.abort());
      const { since, until } = options;
      const query = {
        labels: options.all === true ? undefined : [managedLabel],
        sinceSeconds: since === undefined ? undefined : parseTime('--since', since, context.now()),
        untilSeconds: until === undefined ? undefined : parseTime('--until', until, context.now()),
        signal: stop.signal,
      };
      try {
        for await (const event of docker.events(query)) {
          context.stdout.write(`${wantsJson(command) ? JSON.stringify(event) : describe(event)}\n`);
        }
      } finally {
        release();
      }
    });
}

function describe({ timeMs, type, action, id, attributes }: EngineEvent): string {
  const name = attributes['name'] ?? shortId(id);
  const exitCode = attributes['exitCode'] === undefined ? '' : ` (exit code ${attributes['exitCode']})`;
  return `${new Date(timeMs).toISOString()} ${type} ${name} ${action}${exitCode}`;
}
