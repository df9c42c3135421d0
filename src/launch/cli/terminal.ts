import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { AppError } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import type { Attachment, OutputChunk, TerminalSize } from '../docker/types.js';

/** Writes output to where it belongs as fast as the reader takes it. */
export async function pumpOutput(
  output: AsyncIterable<OutputChunk>,
  { stdout, stderr }: { readonly stdout: Writable; readonly stderr: Writable },
): Promise<void> {
  for await (const { stream, data } of output) {
    const sink = stream === 'stdout' ? stdout : stderr;
    if (!sink.write(data)) await once(sink, 'drain');
  }
}

/** The size of the user's terminal, or undefined where stdout is none. */
export function terminalSize({ stdout }: Pick<LaunchContext, 'stdout'>): TerminalSize | undefined {
  return stdout.isTTY ? { rows: stdout.rows, columns: stdout.columns } : undefined;
}

/** Refuses -t where there is no terminal to connect. */
export function checkTerminal(
  context: LaunchContext,
  options: { readonly tty: boolean; readonly stdin: boolean },
): void {
  if (!options.tty || (context.stdout.isTTY && (!options.stdin || context.stdin.isTTY === true))) return;
  throw new AppError('USAGE', 'The input or output is not a terminal, which -t needs. Omit -t.');
}

/** Connects the user's keys and screen with a process in a container until its output ends. */
export async function joinTerminal(
  attachment: Attachment,
  context: LaunchContext,
  { tty, stdin }: { readonly tty: boolean; readonly stdin: boolean },
): Promise<void> {
  const { stdin: keys, stdout } = context;
  const isRaw = tty && stdin && keys.isTTY === true && keys.setRawMode !== undefined;
  const onResize = (): void => {
    const size = terminalSize(context);
    if (size !== undefined) void attachment.resize(size).catch(() => undefined);
  };
  if (isRaw) keys.setRawMode?.(true);
  if (stdin) keys.pipe(attachment.input);
  if (tty) {
    stdout.on('resize', onResize);
    onResize();
  }
  attachment.input.on('error', () => undefined);
  try {
    await pumpOutput(attachment.output, context);
  } finally {
    stdout.off('resize', onResize);
    if (stdin) keys.unpipe(attachment.input);
    if (isRaw) keys.setRawMode?.(false);
    keys.pause();
    attachment.close();
  }
}
