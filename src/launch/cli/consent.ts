import { createInterface } from 'node:readline/promises';
import { AppError } from '../../errors.js';
import type { LaunchContext } from '../context.js';

/** A question, and what is said where there is nobody to ask. */
export interface Question {
  readonly text: string;
  readonly otherwise: string;
  /** Asked for JSON: then nobody is there. */
  readonly json?: boolean;
}

/** Asks on a terminal; only y or yes is a yes. Throws USAGE with `otherwise` where there is no terminal. */
export async function askFor(context: LaunchContext, { text, otherwise, json }: Question): Promise<boolean> {
  const { stdin, stderr } = context;
  if (json === true || stdin.isTTY !== true || !stderr.isTTY) throw new AppError('USAGE', otherwise);
  const prompt = createInterface({ input: stdin, output: stderr });
  const answer = await prompt.question(`${text} [y/N] `);
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}
