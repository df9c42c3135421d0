import type { Command } from 'commander';
import { execFile, type ExecFileException } from 'node:child_process';
import { join } from 'node:path';
import { AppError, type ErrorCode } from '../../../errors.js';
import { wantsJson } from '../../cli/engine-flags.js';
import { exitCodes } from '../../exit-codes.js';
import type { LaunchContext } from '../../context.js';

/**
 * Runs `slipway inspect` or `slipway init`, so that both programs say the same: the server's code is none of the launcher's. 1 where a model is refused. Throws
 * what kept the command from being done.
 */
export async function runServerCommand(args: readonly string[], context: LaunchContext): Promise<void> {
  const { console, cwd, env, projectFolder } = context;
  const entry = join(projectFolder, 'bin', 'slipway.cjs');
  const { stdout, stderr, code, ended } = await new Promise<Ended>((resolve) => {
    execFile(process.execPath, [entry, ...args], { cwd, env, maxBuffer: mostBytes }, (error, out, err) =>
      resolve({ stdout: out, stderr: err, ...endOf(error) }),
    );
  });
  const lines = stderr.split('\n').filter((text) => text !== '');
  if (ended !== undefined || (code !== 0 && stdout === '')) {
    const said = lines.join('\n').replace(/^slipway: /, '');
    const text =
      ended === undefined
        ? said
        : [`slipway ${args[0] ?? ''} did not come to its end: ${ended}.`, said].join('\n').trimEnd();
    throw new AppError(codes[code] ?? 'INTERNAL', text);
  }
  for (const line of lines) console.note(line);
  console.result(stdout.trimEnd());
  if (code !== 0) context.setExitCode(exitCodes.MODEL_INVALID);
}

const mostBytes = 2 ** 28;

/** What the server's program says by its exit code. */
const codes: Readonly<Record<number, ErrorCode>> = { 2: 'USAGE', 4: 'MODEL_INVALID' };

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  /** Why it did not end by itself. */
  readonly ended?: string;
}

function endOf(error: ExecFileException | null): Pick<Ended, 'code' | 'ended'> {
  if (error === null) return { code: 0 };
  if (typeof error.code === 'number') return { code: error.code };
  const isTooLong = error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
  if (isTooLong) return { code: -1, ended: `it wrote more than ${mostBytes} bytes` };
  return { code: -1, ended: typeof error.signal !== 'string' ? error.message : `signal ${error.signal} ended it` };
}

/** `launch models init <path>`: a model.json to start from. */
export function registerInit(models: Command, context: LaunchContext): void {
  models
    .command('init')
    .description("write a model.json to start from into a model's folder; same as slipway init")
    .argument('<path>', "NAME.onnx or a model's folder")
    .option('--force', 'replace an existing model.json')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, { force = false }: { readonly force?: boolean }, command: Command) => {
      await runServerCommand(
        ['init', ...(force ? ['--force'] : []), ...(wantsJson(command) ? ['--json'] : []), '--', path],
        context,
      );
    });
}
