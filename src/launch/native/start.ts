import { AppError } from '../../errors.js';
import { addressOf } from '../../protocol/authority.js';
import { urlOf, doCollide, type HostPort } from '../session/address.js';
import { neverReadyError, unreadyError } from '../failures/explain.js';
import { pumpOutput } from '../cli/terminal.js';
import { readTail } from '../text/log-tail.js';
import { findGrpcPort, isTlsFrom } from '../request/server-options.js';
import { toNativeRequest } from './plan.js';
import { findNativeHolder } from './port-holder.js';
import { openNative, type NativeRunner, type NativeServer } from './runner.js';
import type { NativeRequest } from './state.js';
import type { Launched } from '../session/outcome.js';
import type { NativePlan } from '../decide/plan-types.js';
import { permitReplacing, refuseShorterLife } from '../session/replace.js';
import { readServing, waitUntilReady, type Liveness, type ReadinessResult } from '../session/readiness.js';
import { basePathOf, type Session, type Started } from '../session/session.js';

/** Starts the server as a supervised process, or finds the one that runs already, and waits until it is ready. */
export async function startNative(session: Session, plan: NativePlan): Promise<Started> {
  const { context, request, facts, options } = session;
  const runner = openNative(context);
  const native = toNativeRequest(request, plan, { facts, cwd: context.cwd });
  const alive = (await runner.list()).filter(({ status }) => status !== 'exited');
  const same = alive.find((server) => isSame(server, native, request.container.name));
  const inTheWay = alive.filter((server) => server.request.name === native.name || holdsPort(server, native));
  if (same !== undefined && !options.replace) {
    const isShorter = same.request.removeOnExit && !native.removeOnExit;
    refuseShorterLife(same.request.name, isShorter ? 'it ends with the launch that started it' : undefined);
    return startedOf(session, runner, await reuse(session, runner, same));
  }
  if (options.replace) await removeAll(session, runner, inTheWay);
  else refuseTaken(inTheWay, native);
  const startedAtMs = context.now();
  await runner.start(native);
  const result = await waitForNative(session, runner, native);
  if (result.kind === 'ready') {
    const launched = await describe(native, session, { isReused: false, broken: result.broken });
    return startedOf(session, runner, { ...launched, readyAfterMs: context.now() - startedAtMs });
  }
  throw await cleanUp(session, runner, { native, result });
}

function startedOf({ context }: Session, runner: NativeRunner, launched: Launched): Started {
  const { name, isReused } = launched;
  return {
    launched,
    stop: (grace) => runner.stop(name, grace),
    kill: () => runner.kill(name, 'SIGKILL'),
    remove: () => runner.remove(name, { force: true }),
    followUntilEnd: async () => {
      if (isReused) return 0;
      const exitCode = runner.wait(name);
      await pumpOutput(runner.logs(name, { follow: true }), context);
      return exitCode;
    },
  };
}

function isSame({ request }: NativeServer, { config }: NativeRequest, chosenName: string | undefined): boolean {
  return request.config === config && (chosenName === undefined || request.name === chosenName);
}

function holdsPort({ request }: Pick<NativeServer, 'request'>, native: NativeRequest): boolean {
  const placeOf = ({ host, port }: NativeRequest): HostPort => ({ hostIp: host, port, protocol: 'tcp' });
  return doCollide(placeOf(request), placeOf(native));
}

async function reuse(session: Session, runner: NativeRunner, { request }: NativeServer): Promise<Launched> {
  const result = await waitForNative(session, runner, request);
  if (result.kind === 'ready') return describe(request, session, { isReused: true, broken: result.broken });
  throw new AppError(
    'READY_TIMEOUT',
    `${request.name} runs already with these options, but is not ready.\n  fix: launch logs ${request.name}, or launch --replace`,
  );
}

async function removeAll(
  { context, request: { container } }: Session,
  runner: NativeRunner,
  servers: readonly NativeServer[],
): Promise<void> {
  await permitReplacing(
    context,
    servers.map(({ request }) => request),
    container.name,
  );
  for (const { request } of servers) {
    await runner.stop(request.name);
    await runner.remove(request.name, { force: true });
    context.console.note(`removed ${request.name}`);
  }
}

function refuseTaken(servers: readonly NativeServer[], native: NativeRequest): void {
  const holder = servers[0];
  if (holder === undefined) return;
  if (holdsPort(holder, native)) {
    throw new AppError(
      'PORT_IN_USE',
      `Port ${native.port} is taken by ${holder.request.name} (native).\n  fix: -p ${native.port + 1}:8000, launch stop ${holder.request.name}, or launch --replace`,
    );
  }
  throw new AppError(
    'DOCKER_REFUSED',
    `A server named ${native.name} runs already, with other options.\n  fix: launch --replace with the same flags, or choose another --name`,
  );
}

function waitForNative(
  session: Session,
  runner: NativeRunner,
  { name, host, port, env, args }: NativeRequest,
): Promise<ReadinessResult> {
  const { request, options, signal } = session;
  const url = urlOf(host, port, isTlsFrom(env, args));
  const check = async (): Promise<Liveness> => {
    const server = await runner.find(name);
    const isOver =
      server === undefined || server.status === 'exited' || server.status === 'restarting' || server.restarts > 0;
    return isOver ? { state: 'ended', exitCode: server?.exitCode ?? -1 } : { state: 'running', url };
  };
  return waitUntilReady({
    basePath: basePathOf(request),
    timeoutMs: options.timeoutMs,
    signal,
    check,
    now: () => performance.now(),
  });
}

async function describe(
  native: NativeRequest,
  { request }: Session,
  found: Pick<Launched, 'isReused' | 'broken'>,
): Promise<Launched> {
  const url = urlOf(native.host, native.port, isTlsFrom(native.env, native.args));
  const grpcPort = findGrpcPort(native.env, native.args);
  return {
    name: native.name,
    variant: 'native',
    ...found,
    url,
    ...(grpcPort === undefined ? {} : { grpcAddress: addressOf(native.host, grpcPort) }),
    ...(await readServing(url + basePathOf(request))),
  };
}

interface Ending {
  readonly native: NativeRequest;
  readonly result: Exclude<ReadinessResult, { kind: 'ready' }>;
}

async function cleanUp({ options }: Session, runner: NativeRunner, { native, result }: Ending): Promise<AppError> {
  const { name } = native;
  const logLines = await readTail(runner.logs(name)).catch(() => []);
  await runner.stop(name).catch(() => undefined);
  if (!options.keep) await runner.remove(name, { force: true }).catch(() => undefined);
  if (result.kind === 'aborted')
    return new AppError('SHUTTING_DOWN', `Interrupted before ${name} was ready; it was removed.`);
  if (result.kind === 'ended' && logLines.some((line) => /EADDRINUSE|PORT_IN_USE|port \d+ .*in use/i.test(line))) {
    const { host: hostIp, port } = native;
    const others = { list: async () => (await runner.list()).filter((one) => one.request.name !== name) };
    const holder = await findNativeHolder(others, [{ hostIp, port, protocol: 'tcp' }]);
    const [who, stop] = holder === undefined ? ['another program', ''] : [holder, `, or launch stop ${holder}`];
    return new AppError(
      'PORT_IN_USE',
      `Port ${port} on ${hostIp} is taken by ${who}.\n  fix: -p ${port + 1}:8000${stop}`,
    );
  }
  if (result.kind === 'failed') return neverReadyError({ name, reasons: result.reasons, logLines, wasShown: false });
  const what =
    result.kind === 'ended'
      ? `ended with exit code ${result.exitCode} before it was ready.`
      : `was not ready after ${options.timeoutMs / 1000} s: ${result.lastError.replace(/\.$/, '')}.`;
  return unreadyError({
    name,
    code: result.kind === 'ended' ? 'CONTAINER_EXITED' : 'READY_TIMEOUT',
    what,
    logLines,
    wasShown: false,
  });
}
