import { Option, type Command } from 'commander';
import type { ToolContext } from '../context.js';
import { addAccessOptions, parseSeconds } from '../access.js';
import { predict, type PredictFlags } from './predict.js';

type Given = Omit<PredictFlags, 'query' | 'timeout'> &
  Readonly<Record<(typeof queryFlags)[number], string | boolean | undefined>> & { readonly timeout: string };

/** Flags that go to `/predictions` as they are. */
const queryFlags = ['top', 'score', 'iou', 'max', 'similarity'] as const;

/** `slipway predict FILE...` */
export function register(program: Command, context: ToolContext, setExitCode: (code: number) => void): void {
  const command = program
    .command('predict')
    .description('send images, texts, JSON requests or NumPy arrays to a running server')
    .argument('[files...]', 'input files; - or none: standard input')
    .option('-m, --model <model>', 'model to use, or NAME/VERSION (the only one that fits)')
    .option(
      '-t, --text <text>',
      'a text instead of a file, may be repeated',
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .option('--lines', 'treat each line of a text file as a separate text');
  addAccessOptions(command)
    .addOption(
      new Option('--models <path>', 'serve a model file or folder for this call only, on a free port').conflicts('url'),
    )
    .option('--top <n>', 'number of labels for each input')
    .option('--score <share>', 'lowest score of a box, 0 to 1')
    .option('--iou <share>', 'overlap above which a better box removes a box')
    .option('--max <n>', 'highest number of boxes')
    .option('--similarity', 'also show the similarity of several texts')
    .option('--out <path>', 'write masks (PNG), boxes (HTML), vectors and tensors (NumPy) there')
    .option('--json', "print the server's answers, one line per file")
    .action(async (files: readonly string[], given: Given) => {
      setExitCode(
        await predict(files, { ...given, timeout: parseSeconds(given.timeout), query: queryOf(given) }, context),
      );
    });
}

function queryOf(given: Given): Readonly<Record<string, string>> {
  return Object.fromEntries(
    queryFlags.flatMap((name) => (given[name] === undefined ? [] : [[name, String(given[name])]])),
  );
}
