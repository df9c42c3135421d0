import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { AppError, messageOf } from '../../errors.js';
import type { ToolContext } from '../context.js';
import { parseQuestion, type Question } from './question.js';

/** One thing to ask: a file, the standard input, or texts of the command line. */
export interface Input {
  readonly name: string;
  /** What files of its results are called. */
  readonly stem: string;
  read(): Promise<Question>;
}

/** The flags that say what is predicted from. */
export interface InputFlags {
  readonly text: readonly string[];
  readonly lines?: boolean;
  readonly out?: string;
}

/** The inputs of a command line: its files (`-` is the standard input), else its texts, else what is piped in. Throws USAGE. */
export function findInputs(
  files: readonly string[],
  { text, lines, out }: InputFlags,
  { stdin }: ToolContext,
): readonly Input[] {
  const byLines = lines === true;
  const texts: readonly Input[] =
    text.length === 0
      ? []
      : [{ name: 'the text', stem: 'text', read: () => Promise.resolve({ kind: 'text', texts: text }) }];
  const isPiped = files.length === 0 && texts.length === 0;
  if (isPiped && stdin.isTTY === true)
    throw new AppError(
      'USAGE',
      'Nothing to predict from. Name files, give --text, or pipe something in. Type: slipway predict --help',
    );
  const names = isPiped ? ['-'] : files;
  if (names.filter((name) => name === '-').length > 1)
    throw new AppError('USAGE', 'The standard input (-) can be read once.');
  const inputs = [
    ...texts,
    ...names.map((name) => (name === '-' ? fromStdin(stdin, byLines) : fromFile(name, byLines))),
  ];
  if (out !== undefined) refuseSameStems(inputs);
  return inputs;
}

function refuseSameStems(inputs: readonly Input[]): void {
  const seen = new Map<string, string>();
  for (const { name, stem } of inputs) {
    const before = seen.get(stem);
    if (before !== undefined)
      throw new AppError(
        'USAGE',
        `With --out the results of ${before} and ${name} would have the same names. Predict them one after the other.`,
      );
    seen.set(stem, name);
  }
}

function fromStdin(stdin: ToolContext['stdin'], byLines: boolean): Input {
  const name = 'the standard input';
  const read = async (): Promise<Question> => {
    const chunks: Buffer[] = [];
    for await (const chunk of stdin) chunks.push(chunk as Buffer);
    return parseQuestion(Buffer.concat(chunks), { name, byLines });
  };
  return { name, stem: 'stdin', read };
}

function fromFile(path: string, byLines: boolean): Input {
  const read = async (): Promise<Question> => parseQuestion(await readWhole(path), { name: path, byLines });
  return { name: path, stem: basename(path, extname(path)), read };
}

async function readWhole(path: string): Promise<Buffer> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true)
    throw new AppError('USAGE', `${path} is a folder. Name its files: ${path.replace(/\/$/, '')}/*`);
  return readFile(path).catch((thrown: unknown) => {
    const isMissing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isMissing ? 'there is no such file' : messageOf(thrown);
    throw new AppError('USAGE', `${path} cannot be read: ${reason}.`, { cause: thrown });
  });
}
