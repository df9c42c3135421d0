import { Command, CommanderError } from 'commander';
import { helpWidth, plainHelp } from '../src/command-line/plain-help.js';
import { AppError, toSentence } from '../src/errors.js';
import { omitUndefined } from '../src/omit-undefined.js';
import { peerNames } from './peers/catalogue.js';
import { workNames } from './workloads.js';
import { realModelNames } from './peers/real-models/catalogue.js';
import {
  defaultMethod,
  defaultSweep,
  quickMethod,
  quickSweep,
  targetNames,
  type BenchSettings,
  type PeersSettings,
  type TargetName,
} from './settings.js';

/** What a command line asks for: to measure, or to print a text and end. */
export type BenchInvocation =
  { readonly kind: 'measure'; readonly settings: BenchSettings } | { readonly kind: 'print'; readonly text: string };

interface Options {
  readonly model: readonly string[];
  readonly models?: string;
  readonly target: readonly string[];
  readonly url: readonly string[];
  readonly header: readonly string[];
  readonly quick?: true;
  readonly concurrency?: string;
  readonly batch?: string;
  readonly rate?: string;
  readonly dim: string;
  readonly json?: string;
  readonly html?: string;
  readonly csv?: string;
  readonly baseline?: string;
  readonly failOn?: string;
  readonly tune?: true;
  readonly latencyTarget?: string;
  readonly write?: true;
  readonly peers?: string | true;
  readonly work?: string;
  readonly realModels?: string | true;
}

/** Reads the command line. Throws USAGE that names the flag, its value, what was expected and what to type. */
export function parseBenchArguments(argv: readonly string[]): BenchInvocation {
  const printed: string[] = [];
  const command = describeCommand((line) => printed.push(line));
  try {
    command.parse(argv, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return { kind: 'print', text: printed.join('') };
    throw usage(`${toSentence(thrown.message)}.`);
  }
  return { kind: 'measure', settings: toSettings(command.opts<Options>()) };
}

function usage(message: string, type = '--help'): AppError {
  return new AppError('USAGE', `${message} Type: npm run bench -- ${type}`);
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function describeCommand(write: (line: string) => void): Command {
  return new Command('bench')
    .description('Measures models on the CPU, on GPUs and on other servers, and says which to use.')
    .usage('[flags]      (npm run bench -- [flags])')
    .option('--quick', 'less than a minute: shorter windows, fewer points')
    .option('--model <name|file>', 'a model to measure, may be repeated (all of --models)', collect, [])
    .option('--models <dir>', 'folder with models (the bundled ones)')
    .option(
      '--target <name>',
      `several with commas or repeated (what is here): ${targetNames.join(', ')}; none`,
      collect,
      [],
    )
    .option('--url <url>', 'a server of the Open Inference Protocol to compare, may be repeated', collect, [])
    .option('--header <name: value>', 'sent to every --url, may be repeated', collect, [])
    .option('--concurrency <list>', 'clients in the sweep (1,2,4,8,16,32,64)')
    .option('--batch <list>', 'rows per request in the sweep (1,2,4,8,16,32,64)')
    .option('--rate <list>', 'arrivals per second (25, 50 and 75 % of the best)')
    .option('--dim <n>', 'size of variable dimensions other than the first', '128')
    .option('--json <file>', 'write the report as JSON')
    .option('--html <file>', 'write the report as one HTML page')
    .option('--csv <file>', 'write the concurrency sweep for a spreadsheet')
    .option('--baseline <file>', 'a JSON report to compare with')
    .option('--fail-on <percent>', 'exit with 3 if certainly slower than the baseline by more than this (5%)')
    .option('--tune', 'search the settings of each model that serve most under --latency-target')
    .option('--latency-target <time>', 'largest p99 for --tune (50ms)')
    .option('--write', 'with --tune: write the settings into model.json')
    .option('--peers [names]', `compare with other servers, installed into a cache: ${peerNames.join(', ')} (all)`)
    .option('--work <list>', `with --peers: ${workNames.join(', ')} (all)`)
    .option('--real-models [names]', `compare with the runtime alone: ${realModelNames.join(', ')} (all)`)
    .configureHelp(plainHelp)
    .helpOption('-h, --help', 'print this')
    .allowExcessArguments(false)
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: helpWidth })
    .addHelpText('after', epilogue)
    .exitOverride();
}

const epilogue = `
Models that can be generated, with random weights: random-convolution-net
(of ResNet-50's size), random-encoder (of BERT-base's size), random-perceptron.
Exit codes: 0 done, 1 failed, 2 wrong flags, 3 slower than the baseline,
130 interrupted.
`;

function toSettings(options: Options): BenchSettings {
  const isQuick = options.quick === true;
  const sweep = isQuick ? quickSweep : defaultSweep;
  checkTogether(options);
  return {
    models: options.model,
    modelsFolder: options.models,
    targets: parseTargets(options.target),
    urls: options.url,
    headers: Object.fromEntries(options.header.map(parseHeader)),
    method: isQuick ? quickMethod : defaultMethod,
    sweep: {
      concurrencies: parseList('concurrency', options.concurrency, 1024) ?? sweep.concurrencies,
      batches: parseList('batch', options.batch, 65_536) ?? sweep.batches,
      rates: parseList('rate', options.rate, 1_000_000) ?? sweep.rates,
      ratesAre: options.rate === undefined ? sweep.ratesAre : 'absolute',
    },
    variable: parseDim(options.dim),
    coldStarts: isQuick ? 1 : 3,
    files: omitUndefined({ json: options.json, html: options.html, csv: options.csv }),
    baseline:
      options.baseline === undefined
        ? undefined
        : { file: options.baseline, failOn: parsePercent(options.failOn ?? '5%') },
    tune:
      options.tune === true
        ? { latencyTargetMs: parseTime(options.latencyTarget ?? '50ms'), write: options.write === true }
        : undefined,
    peers: toPeers(options),
  };
}

function checkTogether({
  failOn,
  baseline,
  tune,
  latencyTarget,
  write,
  header,
  url,
  peers,
  work,
  realModels,
}: Options): void {
  if (failOn !== undefined && baseline === undefined) {
    throw usage('--fail-on needs a report to compare with.', `--baseline old.json --fail-on ${failOn}`);
  }
  if (tune === undefined && latencyTarget !== undefined) {
    throw usage('--latency-target belongs to --tune.', `--tune --latency-target ${latencyTarget}`);
  }
  if (tune === undefined && write === true) throw usage('--write belongs to --tune.', '--tune --write');
  if (work !== undefined && peers === undefined) throw usage('--work belongs to --peers.', `--peers --work ${work}`);
  if ((peers ?? realModels) !== undefined && tune !== undefined) {
    throw usage('--tune cannot be combined with --peers or --real-models.', '--tune');
  }
  if (header.length > 0 && url.length === 0) {
    throw usage('--header belongs to --url.', `--url http://127.0.0.1:8000 --header '${header[0] ?? ''}'`);
  }
}

function parseTargets(names: readonly string[]): readonly TargetName[] | 'auto' {
  if (names.length === 0) return 'auto';
  return names
    .flatMap((text) => text.split(','))
    .filter((name) => name !== 'none')
    .map((name) => {
      const known = targetNames.find((target) => target === name);
      if (known !== undefined) return known;
      throw usage(`--target ${name}: expected one of ${targetNames.join(', ')}, none.`, '--target native-cpu');
    });
}

function toPeers({ peers, work, realModels }: Options): PeersSettings | undefined {
  if ((peers ?? realModels) === undefined) return undefined;
  const works = work === undefined ? workNames : checkNames('work', work, workNames);
  return {
    names: parseNames('peers', peers, peerNames),
    works: peers === undefined ? [] : works,
    realModels: parseNames('real-models', realModels, realModelNames),
  };
}

/** A flag whose names may be left out: all of them; and which may be absent: none. */
function parseNames(flag: string, text: string | true | undefined, known: readonly string[]): readonly string[] {
  if (text === undefined) return [];
  return text === true ? known : checkNames(flag, text, known);
}

/** Names between commas, each one of those that there are. */
function checkNames<Name extends string>(flag: string, text: string, known: readonly Name[]): readonly Name[] {
  return text.split(',').map((word) => {
    const found = known.find((name) => name === word.trim());
    if (found !== undefined) return found;
    throw usage(`--${flag} ${text}: ${word.trim()} is not one of ${known.join(', ')}.`, `--${flag} ${known.join(',')}`);
  });
}

function parseHeader(text: string): readonly [string, string] {
  const match = /^([\w-]+):\s*([^\r\n]+)$/.exec(text);
  if (match === null) throw usage(`--header ${text}: expected 'name: value'.`, `--header 'authorization: Bearer KEY'`);
  return [match[1] ?? '', match[2] ?? ''];
}

/** Numbers between commas, each from 1 to `most`; undefined where nothing was given. */
function parseList(flag: string, text: string | undefined, most: number): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const values = text.split(',').map((word) => (/^\d+$/.test(word.trim()) ? Number(word) : Number.NaN));
  if (values.every((value) => value >= 1 && value <= most)) return values;
  throw usage(`--${flag} ${text}: expected whole numbers from 1 to ${most} separated by commas.`, `--${flag} 1,8,32`);
}

function parseDim(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 65_536) return value;
  throw usage(`--dim ${text}: expected one whole number from 1 to 65536.`, '--dim 128');
}

function parsePercent(text: string): number {
  const value = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1];
  if (value !== undefined && Number(value) < 100) return Number(value) / 100;
  throw usage(`--fail-on ${text}: expected a percentage such as 5%, below 100%.`, '--baseline old.json --fail-on 5%');
}

function parseTime(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  const value = Number(match?.[1]) * (match?.[2] === 's' ? 1000 : 1);
  if (value > 0) return value;
  throw usage(`--latency-target ${text}: expected a time such as 20ms or 1s.`, '--tune --latency-target 20ms');
}
