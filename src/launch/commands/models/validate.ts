import type { Command } from 'commander';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, fromPlainError, type PlainError } from '../../../errors.js';
import { isRemote, parseLocation } from '../../../store/location.js';
import { pull } from '../../../store/pull.js';
import { wantsJson } from '../../cli/engine-flags.js';
import type { LaunchContext } from '../../context.js';
import { cacheOf, showProgress, storeWorldOf } from './cache.js';

interface Report {
  readonly name: string;
  readonly path: string;
  readonly findings: readonly { readonly level: 'ok' | 'note' | 'fail'; readonly text: string }[];
}

/** `launch models validate <path|location>`: runs models on made-up inputs, on every provider that works on this machine. */
export function registerValidate(models: Command, context: LaunchContext): void {
  models
    .command('validate')
    .description('run models on made-up inputs: every provider, alone and in batches; exit code 1 if one fails')
    .argument('<path>', 'NAME.onnx, a folder, or a location to pull from')
    .option('--cache-dir <dir>', 'cache folder')
    .option('--json', 'print the result as JSON')
    .action(async (text: string, flags: { readonly cacheDir?: string }, command: Command) => {
      const path = isRemote(text) ? await fetched(text, flags.cacheDir, context) : resolve(context.cwd, text);
      const reports = await validate(path, context);
      if (wantsJson(command)) context.console.json({ models: reports });
      else for (const report of reports) show(report, context);
      if (reports.some(({ findings }) => findings.some(({ level }) => level === 'fail'))) context.setExitCode(1);
    });
}

async function fetched(text: string, cacheDir: string | undefined, context: LaunchContext): Promise<string> {
  const location = parseLocation(text);
  const events = showProgress(`pulling ${location.shown}`, context.console);
  return (await pull({ location, cache: cacheOf(context, cacheDir), world: storeWorldOf(context), events })).path;
}

function show({ name, path, findings }: Report, { console }: LaunchContext): void {
  const marks = { ok: '✓', note: '!', fail: '✗' } as const;
  const styles = { ok: 'green', note: 'yellow', fail: 'red' } as const;
  console.result(`${console.paint('bold', name)}  ${path}`);
  for (const { level, text } of findings) console.result(`  ${console.paint(styles[level], marks[level])} ${text}`);
}

/** In a process of its own, since the runtime is none of the launcher's. */
function validate(path: string, { env }: LaunchContext): Promise<readonly Report[]> {
  const entry = fileURLToPath(new URL('../../../validate/validate-process.js', import.meta.url));
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [entry, path, String(process.pid)],
      { env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const answer = parse(stdout);
        if (answer?.models !== undefined) done(answer.models);
        else if (answer?.error !== undefined) fail(fromPlainError(answer.error));
        else
          fail(
            new AppError('INTERNAL', `The validation of ${path} ended without an answer: ${error?.message ?? stderr}`),
          );
      },
    );
  });
}

function parse(text: string): { readonly models?: readonly Report[]; readonly error?: PlainError } | undefined {
  try {
    return JSON.parse(text) as { readonly models?: readonly Report[]; readonly error?: PlainError };
  } catch {
    return undefined;
  }
}
