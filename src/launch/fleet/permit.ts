import { AppError } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import { describeOrigin } from '../request/origin.js';
import { askFor } from '../cli/consent.js';
import type { Server } from './server.js';

/** Asks before a command that names no server does `verb` to one that another user or project started. Throws USAGE. */
export function permitterOf(context: LaunchContext, verb: string, json: boolean): (server: Server) => Promise<void> {
  return async ({ name, labels }) => {
    const what = `${name} is the only server that runs, and ${describeOrigin(labels)}`;
    const otherwise = `${what}. To ${verb} it anyway: launch ${verb} ${name}`;
    const text = `${what}. ${verb.charAt(0).toUpperCase()}${verb.slice(1)} it?`;
    if (!(await askFor(context, { text, otherwise, json }))) throw new AppError('USAGE', otherwise);
  };
}
