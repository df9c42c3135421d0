import { AppError, messageOf } from '../../errors.js';
import type { Address } from './succession.js';

/** Why a port cannot be opened: PORT_IN_USE, perhaps by loops without a parent, or USAGE for an address that is not this machine's. */
export function listenFailure(
  cause: unknown,
  { host, port, flag }: Address,
  orphans: readonly { readonly pid: number }[] = [],
): AppError {
  const { code } = cause as { code?: unknown };
  const at = `${host} port ${port}`;
  if (code === 'EADDRINUSE') {
    const other = `choose another port with ${flag} ${port + 1}.`;
    const pids = orphans.map(({ pid }) => pid).join(' ');
    const text =
      pids === ''
        ? `${at} is in use by another process: stop that one, or ${other}`
        : `${at} is in use by an HTTP loop that outlived its server: end it with kill -KILL ${pids}, or ${other}`;
    return new AppError('PORT_IN_USE', text, { cause });
  }
  const text = `Cannot listen on ${at}: ${messageOf(cause)}. Choose others with --host and ${flag}.`;
  return new AppError('USAGE', text, { cause });
}
