import { AppError, messageOf } from '../../errors.js';
import type { Address } from './succession.js';

/** Why a port cannot be opened: PORT_IN_USE, or USAGE for an address that is not this machine's. */
export function listenFailure(cause: unknown, { host, port, flag }: Address): AppError {
  const { code } = cause as { code?: unknown };
  const at = `${host} port ${port}`;
  if (code === 'EADDRINUSE') {
    const text = `${at} is in use by another process: stop that one, or choose another port with ${flag} ${port + 1}.`;
    return new AppError('PORT_IN_USE', text, { cause });
  }
  const text = `Cannot listen on ${at}: ${messageOf(cause)}. Choose others with --host and ${flag}.`;
  return new AppError('USAGE', text, { cause });
}
