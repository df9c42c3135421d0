import { Option, type Command } from 'commander';
import { AppError } from '../../errors.js';
import { addAccessOptions, parseSeconds } from '../access.js';
import type { ToolContext } from '../context.js';
import type { BenchFlags } from './bench.js';

interface Given extends Omit<BenchFlags, 'clients' | 'rows' | 'seconds' | 'timeoutMs'> {
  readonly clients: string;
  readonly rows: string;
  readonly seconds: string;
  readonly timeout: string;
}

/** `slipway bench` */
export function register(program: Command, context: ToolContext, setExitCode: (code: number) => void): void {
  const command = program
    .command('bench')
    .description('measure the latency and throughput of a running server')
    .option('-m, --model <model>', 'model to measure (the only one)');
  addAccessOptions(command)
    .addOption(new Option('--models <path>', 'serve a model file or folder for this measurement').conflicts('url'))
    .option('--clients <list>', 'clients at once, each waiting for its answer', '1,8')
    .option('--rows <n>', 'rows of each request', '1')
    .option('--seconds <n>', 'seconds for each number of clients', '5')
    .option('--image <file>', 'send this JPEG to /predictions instead of made-up tensors')
    .addOption(new Option('--form <form>', 'how tensors are sent').choices(['binary', 'json']).default('binary'))
    .option('--json', 'print the result as JSON')
    .action(async (given: Given) => {
      const { bench } = await import('./bench.js');
      const rows = parseNumber('rows', given.rows, 65_536);
      const seconds = parseNumber('seconds', given.seconds, 600);
      const clients = parseList('clients', given.clients, 1024);
      const timeoutMs = parseSeconds(given.timeout) * 1000;
      setExitCode(await bench({ ...given, clients, rows, seconds, timeoutMs }, context));
    });
}

/** One whole number, 1 to the most. Throws USAGE. */
function parseNumber(flag: string, text: string, most: number): number {
  const [number = 0, ...others] = parseList(flag, text, most);
  if (others.length === 0) return number;
  throw new AppError('USAGE', `--${flag} ${text}: expected one whole number from 1 to ${most}.`);
}

/** Whole numbers between commas, 1 to the most. Throws USAGE. */
function parseList(flag: string, text: string, most: number): readonly number[] {
  const numbers = text.split(',').map((part) => (/^\d{1,6}$/.test(part.trim()) ? Number(part) : 0));
  if (numbers.every((value) => value >= 1 && value <= most)) return numbers;
  throw new AppError('USAGE', `--${flag} ${text}: expected whole numbers from 1 to ${most}.`);
}
