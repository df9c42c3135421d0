import type { Readable } from 'node:stream';
import type { Console } from '../launch/text/console.js';

/** What the process lends to a command; made in main.ts. */
export interface ToolContext {
  readonly console: Console;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}
