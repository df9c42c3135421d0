import type { LaunchContext } from './context.js';
import { pumpOutput } from './everyday/terminal.js';
import { interruptedExitCode } from './exit-codes.js';
import type { Started } from './up.js';
import type { DockerGateway } from './docker/gateway.js';

/** Time that a drain may take before the engine kills. */
const graceSeconds = 30;

/**
 * Follows a server until it ends and answers its exit code. The first Ctrl-C drains it, the second kills it. A server that
 * ran before is not followed: it is not this command's to end.
 */
export async function followUntilEnd(
  context: LaunchContext,
  gateway: DockerGateway,
  started: Started,
): Promise<number> {
  if (started.launched.isReused) return 0;
  return started.kind === 'container' ? followContainer(context, gateway, started) : followNative(context, started);
}

async function followContainer(
  context: LaunchContext,
  gateway: DockerGateway,
  { attached }: Extract<Started, { kind: 'container' }>,
): Promise<number> {
  if (attached === undefined) return 0;
  const { id } = attached;
  const release = onCtrlC(context, {
    drain: () => gateway.containers.stop(id, { graceSeconds }),
    kill: () => gateway.containers.kill(id, 'SIGKILL'),
  });
  try {
    const exitCode = await attached.exitCode;
    await attached.drained;
    return exitCode;
  } finally {
    release();
  }
}

async function followNative(
  context: LaunchContext,
  { runner, launched }: Extract<Started, { kind: 'native' }>,
): Promise<number> {
  const { name } = launched;
  const release = onCtrlC(context, {
    drain: () => runner.stop(name, { graceSeconds }),
    kill: () => runner.kill(name, 'SIGKILL'),
  });
  try {
    const exitCode = runner.wait(name);
    await pumpOutput(runner.logs(name, { follow: true }), context);
    return await exitCode;
  } finally {
    release();
  }
}

interface Ends {
  readonly drain: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

function onCtrlC(context: LaunchContext, { drain, kill }: Ends): () => void {
  let presses = 0;
  const ignore = (): undefined => undefined;
  return context.onSignal(() => {
    presses += 1;
    if (presses === 1) {
      context.console.note('stopping: requests in flight finish first; Ctrl-C again kills');
      void drain().catch(ignore);
    } else void kill().catch(ignore);
  });
}

/** Aborts at the first Ctrl-C of a start that is not ready yet. */
export function abortOnSignal(context: LaunchContext): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const release = context.onSignal(() => {
    context.setExitCode(interruptedExitCode);
    controller.abort();
  });
  return { signal: controller.signal, release };
}
