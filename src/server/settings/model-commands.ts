import { Command, CommanderError } from 'commander';
import { helpWidth } from '../../command-line/plain-help.js';
import { AppError, toSentence } from '../../errors.js';
import { isRemote } from '../../store/location.js';

/** A command of the server's program that looks at models and serves none. */
export type ModelCommand = { readonly path: string; readonly json: boolean } & (
  { readonly kind: 'inspect' } | { readonly kind: 'init'; readonly force: boolean }
);

const descriptions = {
  inspect:
    "Shows what the server would find at a path: each model's inputs, outputs and files, and what is refused. Runs nothing.",
  init: 'Writes a model.json to start from into the folder of a model: what its files say, and $schema for editors.',
} as const;

/** Reads `inspect PATH` and `init PATH`; undefined for any other command line, and a text for `--help`. Throws USAGE. */
export function parseModelCommand(
  argv: readonly string[],
): ModelCommand | { readonly kind: 'print'; readonly text: string } | undefined {
  const [kind, ...rest] = argv;
  if (kind !== 'inspect' && kind !== 'init') return undefined;
  const printed: string[] = [];
  const command = describeModelCommand(kind, (text) => printed.push(text));
  try {
    command.parse(rest, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return { kind: 'print', text: printed.join('') };
    const advice = `Type: slipway ${kind} --help. To serve a folder of that name: slipway ./${kind}`;
    throw new AppError('USAGE', `${toSentence(thrown.message)}. ${advice}`);
  }
  const [path = ''] = command.args;
  if (isRemote(path)) {
    const advice = `launch models inspect ${path} shows what is there, launch models pull ${path} fetches it.`;
    throw new AppError('USAGE', `slipway ${kind} takes a path of this machine; ${advice}`);
  }
  const { json = false, force = false } = command.opts<{ json?: boolean; force?: boolean }>();
  return kind === 'inspect' ? { kind, path, json } : { kind, path, json, force };
}

/** One of them as the parser knows it. */
export function describeModelCommand(kind: 'inspect' | 'init', write: (text: string) => void): Command {
  const command = new Command(`slipway ${kind}`)
    .description(descriptions[kind])
    .argument('<path>', "NAME.onnx, a model's folder or a folder of models")
    .option('--json', 'print the result as JSON')
    .helpOption('-h, --help', 'print this')
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: helpWidth })
    .exitOverride();
  return kind === 'init' ? command.option('--force', 'replace an existing model.json') : command;
}
