import { Command, CommanderError } from 'commander';
import { AppError, toPlainError, toSentence } from '../errors.js';
import { addEngineOptions } from './cli/engine-flags.js';
import { commands } from './commands/registry.js';
import type { LaunchContext } from './context.js';
import { dockerAnswer } from './cli/docker-words.js';
import { exitCodes } from './exit-codes.js';
import { lendThisProcess } from './this-process.js';
import { defineLaunch } from './cli/definition.js';
import type { CommandDefinition } from '../command-line/definition.js';
import { plainHelp } from '../command-line/plain-help.js';
import { otherLine } from '../command-line/programs.js';
import { normalizeBooleans } from './request/up-flags.js';

/** The command line's grammar: `launch [command] [options]`; each command comes from its own file. */
function buildProgram(context: LaunchContext): Command {
  const program = new Command('launch')
    .description('Serves ONNX models in the container that fits this machine.')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .helpCommand(false)
    .exitOverride()
    .configureHelp(plainHelp)
    .configureOutput({
      writeOut: (text) => context.console.result(text.trimEnd()),
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(context.console.columns, 100),
    });
  addEngineOptions(program);
  for (const register of commands) register(program, context);
  program.helpInformation = () => helpText(program);
  return program;
}

/** All commands and flags of the launcher. */
export function defineProgram(): CommandDefinition {
  return defineLaunch(buildProgram(lendThisProcess(() => undefined)));
}

/** Runs one command line and answers the exit code that its failure asks for, 0 without one. Never throws. */
export async function runProgram(args: readonly string[], context: LaunchContext): Promise<number> {
  const program = buildProgram(context);
  try {
    const answer = dockerAnswer(args[0] ?? '', args.slice(1)) ?? otherLine('launch', args);
    if (answer !== undefined) throw new AppError('USAGE', answer);
    await program.parseAsync(normalizeBooleans(args[0] === '--version' ? ['version', ...args.slice(1)] : args), {
      from: 'user',
    });
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return report(thrown, args, context);
    return thrown.exitCode === 0 ? 0 : report(usageError(thrown, namedCommand(program, args)), args, context);
  }
}

function report(thrown: unknown, args: readonly string[], context: LaunchContext): number {
  const failure = toPlainError(thrown);
  if (args.includes('--json')) {
    const { code, message, details } = failure;
    context.console.json({ error: { code, message, details } });
  }
  const [first = '', ...rest] = failure.message.split('\n');
  context.console.fail(first);
  for (const line of rest) context.console.note(line);
  if (failure.code === 'INTERNAL' && thrown instanceof Error) context.console.note(thrown.stack ?? '');
  return exitCodes[failure.code];
}

/** What people type who know other tools, and what says it here. */
const foreignFlags: Readonly<Record<string, string>> = {
  '--port': '-p 8080:8000',
  '--ports': '-p 8080:8000',
  '--models': '--mount ./models:/srv/models',
  '--model': '--mount ./models:/srv/models',
  '--gpu': '--variant gpu (or --gpus all)',
  '--cpu': '--variant cpu',
  '--cuda': '--variant cuda',
  '--native': '--variant native',
  '--background': '-d',
  '--daemon': '-d',
  '--force': '--replace',
  '--runtime': '--gpu-mode runtime',
  '--privileged': '--device /dev/... for the device that is needed, or --cap-add',
};

/** The command that a line names, as far as it does so before its flags; the program itself where it names none. */
function namedCommand(program: Command, args: readonly string[]): NamedCommand {
  let named: NamedCommand = { command: program, line: program.name() };
  for (const word of args) {
    const next = named.command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) break;
    named = { command: next, line: `${named.line} ${word}` };
  }
  return named;
}

interface NamedCommand {
  readonly command: Command;
  /** As it was typed: `launch network`. */
  readonly line: string;
}

/** The parser's own complaint as one of ours: its "(Did you mean ...?)" stays, unless another tool's flag was meant. */
function usageError({ code, message }: CommanderError, { command, line }: NamedCommand): AppError {
  const text = toSentence(message);
  const unknown = /^Unknown option '(-[^'=]+)/.exec(text)?.[1] ?? '';
  const known = foreignFlags[unknown];
  const sentence =
    code === 'commander.help'
      ? `${line} is a group of commands. Name one: ${command.commands.map((one) => one.name()).join(', ')}`
      : known === undefined
        ? text
        : `Unknown option '${unknown}'. Type ${known}`;
  return new AppError('USAGE', `${sentence}\nSee ${line} --help.`);
}

/** The program's help on one screen of 24 lines: what to type first, then the commands by what they are for. */
function helpText(program: Command): string {
  const known = new Set(program.commands.flatMap((command) => [command.name(), ...command.aliases()]));
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ['start', ['up', 'run', 'plan', 'doctor', 'start', 'restart']],
    ['look', ['ps', 'logs', 'stats', 'inspect', 'port', 'events']],
    ['act', ['exec', 'shell', 'stop', 'kill', 'rm', 'prune', 'scale', 'rollback']],
    ['images', ['images', 'build', 'tag', 'pull', 'push', 'history', 'rmi', 'export']],
    ['more', ['models', 'network', 'completion', 'version', 'help']],
  ];
  const grouped = new Set(groups.flatMap(([, names]) => names));
  const rest = [...known].filter((name) => !grouped.has(name));
  const lines = groups.map(([title, names]) => {
    const shown = [...names.filter((name) => known.has(name)), ...(title === 'more' ? rest : [])];
    return `  ${title.padEnd(8)}${shown.join('  ')}`;
  });
  return `${program.description()}

  launch                                   inspect the machine and start what fits it
  launch --mount .:/srv                    the same with ./models of this folder
  launch -d --variant gpu -p 9000:8000     on a GPU or not at all, in the background
  launch --dry-run                         say what would start, and why
  launch doctor                            find out what is wrong

Commands (up unless one is named; launch <command> --help shows its flags):
${lines.join('\n')}

Without a container: slipway model.onnx. A prediction: slipway predict FILE.

Everywhere:
  --context <name>, -H <url>   another engine        --json   the result as JSON

Exit codes: 0 done, 2 invalid command line, 3 no usable GPU, 4 no engine,
5 no image, 6 not ready, 7 port taken, 125 refused by the engine; in the
foreground the server's own.`;
}
