import { AppError } from '../../errors.js';
import { addressOf } from '../../protocol/authority.js';
import { urlOf } from '../session/address.js';
import { pumpOutput } from '../cli/terminal.js';
import { findGrpcPort, isTlsFrom } from '../request/server-options.js';
import { toNativeRequest } from './plan.js';
import { holdsPort, replaceAll } from './replace-servers.js';
import type { NativeServer } from './read-server.js';
import { openNative, type NativeRunner } from './runner.js';
import { cleanUp, portTaken } from './start-failures.js';
import type { NativeRequest } from './state.js';
import type { Launched } from '../session/outcome.js';
import type { NativePlan } from '../decide/plan-types.js';
import { refuseShorterLife } from '../session/replace.js';
import { doesAnswer, readServing, waitUntilReady, type Liveness, type ReadinessResult } from '../session/readiness.js';
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
  if (inTheWay.length === 0 && (await doesAnswer(urlOfServer(native)))) throw portTaken(native);
  const startedAtMs = context.now();
  if (options.replace) await replaceAll(session, runner, { servers: inTheWay, native });
  else {
    refuseTaken(inTheWay, native);
    await runner.start(native);
  }
  const result = await waitForNative(session, runner, native);
  if (result.kind === 'ready') {
    const launched = await describe(native, session, { isReused: false, broken: result.broken });
    return startedOf(session, runner, { ...launched, readyAfterMs: context.now() - startedAtMs });
  }
  throw await cleanUp(session, runner, { native, result });
}

function startedOf({ context }: Session, runner: NativeRunner, launched: Launched): Started {
  const { name, isReused, readyAfterMs = 0 } = launched;
  // The log of a server that was replaced goes on with the new one's.
  const sinceSeconds = (context.now() - readyAfterMs) / 1000;
  return {
    launched,
    stop: (grace) => runner.stop(name, grace),
    kill: () => runner.kill(name, 'SIGKILL'),
    remove: () => runner.remove(name, { force: true }),
    followUntilEnd: async () => {
      if (isReused) return 0;
      const exitCode = runner.wait(name);
      await pumpOutput(runner.logs(name, { follow: true, sinceSeconds }), context);
      return exitCode;
    },
  };
}

function isSame({ request }: NativeServer, { config }: NativeRequest, chosenName: string | undefined): boolean {
  return request.config === config && (chosenName === undefined || request.name === chosenName);
}

async function reuse(session: Session, runner: NativeRunner, { request }: NativeServer): Promise<Launched> {
  const result = await waitForNative(session, runner, request);
  if (result.kind === 'ready') return describe(request, session, { isReused: true, broken: result.broken });
  throw new AppError(
    'READY_TIMEOUT',
    `${request.name} is already running with these options, but is not ready.\n  fix: launch logs ${request.name}, or launch --replace`,
  );
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
    `A server named ${native.name} is already running with other options.\n  fix: launch --replace with the same flags, or choose another --name`,
  );
}

function urlOfServer({ host, port, env, args }: NativeRequest): string {
  return urlOf(host, port, isTlsFrom(env, args));
}

function waitForNative(session: Session, runner: NativeRunner, native: NativeRequest): Promise<ReadinessResult> {
  const { request, options, signal } = session;
  const url = urlOfServer(native);
  const check = async (): Promise<Liveness> => {
    const server = await runner.find(native.name);
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
  const url = urlOfServer(native);
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
