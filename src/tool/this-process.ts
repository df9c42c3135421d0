import { createConsole } from '../launch/text/console.js';
import type { ToolContext } from './context.js';

/** This process as the commands' context. */
export function lendThisProcess(signal: AbortSignal): ToolContext {
  const { env, stdin, stdout, stderr } = process;
  return { console: createConsole({ stdout, stderr }, env), env, stdin, signal };
}
