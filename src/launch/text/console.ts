/** The part of a writable stream that the console needs. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** How a text is shown on a terminal. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/**
 * What the launcher says.
 * - Narration goes to stderr, one line a call; the result goes to stdout.
 * - Colour and moving lines only on a terminal, and never with NO_COLOR or TERM=dumb.
 */
export interface Console {
  /** Result: text for stdout, a newline added. */
  result(text: string): void;
  /** Result as one JSON document on stdout. */
  json(value: unknown): void;
  note(text: string): void;
  ok(text: string): void;
  warn(text: string): void;
  fail(text: string): void;
  /** A line that the next one replaces; on a pipe nothing. */
  progress(text: string): void;
  /** Colours text meant for stdout, where stdout has colour. */
  paint(style: Style, text: string): string;
  readonly isInteractive: boolean;
  /** Width of stdout in columns; 80 on a pipe. */
  readonly columns: number;
}

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };
const clearLine = '\r\u001b[2K';

function painter(sink: Sink, env: NodeJS.ProcessEnv): (style: Style, text: string) => string {
  const forced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0';
  const plain = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb' || (sink.isTTY !== true && !forced);
  return plain ? (_style, text) => text : (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m`;
}

/** A console over two streams; `env` decides about colour (NO_COLOR, FORCE_COLOR, TERM). */
export function createConsole(streams: { stdout: Sink; stderr: Sink }, env: NodeJS.ProcessEnv): Console {
  const { stdout, stderr } = streams;
  const paintError = painter(stderr, env);
  const isMoving = stderr.isTTY === true && env.TERM !== 'dumb';
  let hasProgress = false;
  const clear = (): void => {
    if (hasProgress) stderr.write(clearLine);
    hasProgress = false;
  };
  const narrate = (text: string): void => {
    clear();
    stderr.write(`${text}\n`);
  };
  const write = (text: string): void => {
    clear();
    stdout.write(`${text}\n`);
  };
  return {
    result: write,
    json: (value) => write(JSON.stringify(value, undefined, 2)),
    note: narrate,
    ok: (text) => narrate(`${paintError('green', '✓')} ${text}`),
    warn: (text) => narrate(`${paintError('yellow', '!')} ${text}`),
    fail: (text) => narrate(`${paintError('red', '✗')} ${text}`),
    progress: (text) => {
      if (!isMoving) return;
      const width = (stderr.columns ?? 80) - 1;
      stderr.write(clearLine + (text.length > width ? `${text.slice(0, width - 1)}…` : text));
      hasProgress = true;
    },
    paint: painter(stdout, env),
    isInteractive: stdout.isTTY === true,
    columns: stdout.columns ?? 80,
  };
}
