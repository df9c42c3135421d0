import { AppError } from '../../errors.js';
import { neverReadyError, unreadyError } from '../failures/explain.js';
import type { Session } from '../session/session.js';
import { readTail } from '../text/log-tail.js';
import { findNativeHolder } from './port-holder.js';
import type { NativeRunner } from './runner.js';
import type { NativeRequest, Unready } from './state.js';

interface Ending {
  readonly native: NativeRequest;
  readonly result: Unready;
}

/** Ends a server that did not become ready, and answers why it did not. */
export async function cleanUp(
  { options }: Session,
  runner: NativeRunner,
  { native, result }: Ending,
): Promise<AppError> {
  const { name } = native;
  const logLines = await readTail(runner.logs(name)).catch(() => []);
  await runner.stop(name).catch(() => undefined);
  if (!options.keep) await runner.remove(name, { force: true }).catch(() => undefined);
  if (result.kind === 'aborted')
    return new AppError('SHUTTING_DOWN', `Interrupted before ${name} was ready; it was removed.`);
  if (result.kind === 'ended' && logLines.some((line) => portIsTaken.test(line))) {
    const { host: hostIp, port } = native;
    const others = { list: async () => (await runner.list()).filter((one) => one.request.name !== name) };
    const holder = await findNativeHolder(others, [{ hostIp, port, protocol: 'tcp' }]);
    const loop = outlived.exec(logLines.join('\n'));
    if (holder !== undefined) return portTaken(native, holder, `, or launch stop ${holder}`);
    return loop === null ? portTaken(native) : portTaken(native, loop[1], `, or ${loop[2]}`);
  }
  return explain(result, { name, timeoutMs: options.timeoutMs, logLines });
}

/** Why a server cannot listen where it was told to; `stop`: what ends the one that does. */
export function portTaken({ host, port }: NativeRequest, holder = 'another program', stop = ''): AppError {
  return new AppError(
    'PORT_IN_USE',
    `Port ${port} on ${host} is taken by ${holder}.\n  fix: -p ${port + 1}:8000${stop}`,
  );
}

/** What the server says of an HTTP loop that holds its port, and the command that ends it. */
const outlived = /in use by (an HTTP loop [^:]*): end it with (kill [^,]*),/;

const portIsTaken = /EADDRINUSE|PORT_IN_USE|port \d+ .*in use/i;

interface Explaining {
  readonly name: string;
  readonly timeoutMs: number;
  readonly logLines: readonly string[];
  readonly toLook?: string;
}

/** Why a server did not take the place of another one, which goes on. */
export function replacementError(
  name: string,
  { failure, ...rest }: Omit<Explaining, 'name' | 'toLook'> & { readonly failure: Unready },
): AppError {
  const { code, message, details } = explain(failure, {
    name: 'The new server',
    toLook: `launch logs ${name}`,
    ...rest,
  });
  const goesOn = `  ${name} continues to serve as before.`;
  const otherwise = `  fix: correct what is named above; or launch stop ${name} first, then the same command again`;
  return new AppError(code, [message, goesOn, ...(/^ {2}fix: /m.test(message) ? [] : [otherwise])].join('\n'), {
    details,
  });
}

function explain(result: Unready, { timeoutMs, ...told }: Explaining): AppError {
  switch (result.kind) {
    case 'aborted':
      return new AppError('SHUTTING_DOWN', `Interrupted before ${told.name} was ready; it was ended.`);
    case 'failed':
      return neverReadyError({ ...told, reasons: result.reasons, wasShown: false });
    case 'ended': {
      const what = `ended with exit code ${result.exitCode} before it was ready.`;
      return unreadyError({ ...told, code: 'CONTAINER_EXITED', what, wasShown: false });
    }
    case 'timeout': {
      const what = `was not ready after ${timeoutMs / 1000} s: ${result.lastError.replace(/\.$/, '')}.`;
      return unreadyError({ ...told, code: 'READY_TIMEOUT', what, wasShown: false });
    }
  }
}
