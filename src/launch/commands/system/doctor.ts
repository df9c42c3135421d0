import type { Command } from 'commander';
import { NotedOption } from '../../../command-line/noted-option.js';
import { variants } from '../../request/request.js';
import type { LaunchContext } from '../../context.js';
import type { CheckResult } from '../../doctor/check-types.js';
import { judge, worstOf } from '../../doctor/checks.js';
import { examine } from '../../doctor/examine.js';
import { addEngineOptions, engineAddressOf, wantsJson } from '../../cli/engine-flags.js';

/** `launch doctor`: checks the machine in order; the exit code is 0, 1 for a warning, 2 for a failure. */
export function register(program: Command, context: LaunchContext): void {
  addEngineOptions(program.command('doctor'))
    .description('check engine, driver, toolkit, GPU, image, port and disk')
    .addOption(new NotedOption('--variant <name>', 'gpu: a missing GPU is a failure', { words: variants }))
    .action(async ({ variant }: { readonly variant?: string }, command: Command) => {
      const gateway = await context.openGateway(engineAddressOf(command));
      const examination = await examine(context, gateway, variant === 'gpu' || variant === 'cuda');
      const results = judge(examination);
      const exitCode = worstOf(results);
      if (wantsJson(command)) context.console.json({ status: ['ok', 'warn', 'fail'][exitCode], checks: results });
      else for (const result of results) context.console.result(describe(result, context));
      context.setExitCode(exitCode);
    });
}

function describe({ name, status, evidence, cause, fix }: CheckResult, { console }: LaunchContext): string {
  const style = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;
  const head = `${console.paint(style[status], status.padEnd(4))}  ${name.padEnd(14)}  ${evidence}`;
  const below = (label: string, text: string | undefined): readonly string[] =>
    text === undefined ? [] : [`${' '.repeat(22)}${label}: ${text}`];
  return [head, ...below('cause', cause), ...below('fix', fix)].join('\n');
}
