import type { Command } from 'commander';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { AppError } from '../../../errors.js';
import { wantsJson } from '../../cli/engine-flags.js';
import type { LaunchContext } from '../../context.js';

/**
 * Runs `slipway inspect` or `slipway init`, so that both programs say the same: the server's code is none of the launcher's. 1 where a model is refused. Throws
 * what kept the command from being done.
 */
export async function runServerCommand(args: readonly string[], context: LaunchContext): Promise<void> {
  const { console, cwd, env, projectFolder } = context;
  const entry = join(projectFolder, 'bin', 'slipway.cjs');
  const { stdout, stderr, code } = await new Promise<Ended>((resolve) => {
    execFile(process.execPath, [entry, ...args], { cwd, env, maxBuffer: 2 ** 28 }, (error, out, err) =>
      resolve({ stdout: out, stderr: err, code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1 }),
    );
  });
  const lines = stderr.split('\n').filter((text) => text !== '');
  if (code !== 0 && stdout === '')
    throw new AppError(code === 2 ? 'USAGE' : 'MODEL_INVALID', lines.join('\n').replace(/^slipway: /, ''));
  for (const line of lines) console.note(line);
  console.result(stdout.trimEnd());
  if (code !== 0) context.setExitCode(1);
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** `launch models init <path>`: a model.json to start from. */
export function registerInit(models: Command, context: LaunchContext): void {
  models
    .command('init')
    .description('write a model.json to start from into the folder of a model here; as slipway init')
    .argument('<path>', "NAME.onnx or a model's folder")
    .option('--force', 'replace a model.json that is there')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, { force = false }: { readonly force?: boolean }, command: Command) => {
      await runServerCommand(
        ['init', ...(force ? ['--force'] : []), ...(wantsJson(command) ? ['--json'] : []), '--', path],
        context,
      );
    });
}
