import { Command, CommanderError } from 'commander';
import { plainHelp } from '../command-line/plain-help.js';
import { AppError, toPlainError, toSentence } from '../errors.js';
import type { ToolContext } from './context.js';
import { exitCodes } from './exit-codes.js';
import { register as registerCompletion } from './completion.js';
import { register as registerBench } from './bench/command.js';
import { register as registerPredict } from './predict/command.js';

/** The commands of `slipway` beside serving. */
export function buildTool(context: ToolContext, setExitCode: (code: number) => void): Command {
  const program = new Command('slipway')
    .description('Serves ONNX models over HTTP, and sends requests to servers.')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp(plainHelp)
    .configureOutput({
      writeOut: (text) => context.console.result(text.trimEnd()),
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(context.console.columns, 110),
    });
  for (const register of [registerPredict, registerBench, registerCompletion]) register(program, context, setExitCode);
  return program;
}

/** Runs one command line and answers its exit code. Never throws. */
export async function runTool(args: readonly string[], context: ToolContext): Promise<number> {
  let exitCode = 0;
  try {
    await buildTool(context, (code) => (exitCode = code)).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    return report(thrown, args, context);
  }
}

function report(thrown: unknown, args: readonly string[], { console, signal }: ToolContext): number {
  if (signal.aborted) return exitCodes.CLIENT_GONE;
  const failure =
    thrown instanceof CommanderError
      ? new AppError('USAGE', `${toSentence(thrown.message)}. Type: slipway ${args[0] ?? ''} --help`)
      : thrown;
  const { code, message, details, stack } = toPlainError(failure);
  if (args.includes('--json')) console.result(JSON.stringify({ error: { code, message, details } }));
  console.fail(message);
  if (code === 'INTERNAL' && stack !== undefined) console.note(stack);
  return exitCodes[code];
}
