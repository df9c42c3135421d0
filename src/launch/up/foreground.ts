import type { LaunchContext } from '../context.js';
import { pumpOutput } from '../cli/terminal.js';
import { killedExitCode, ranOutOfMemory } from '../failures/out-of-memory.js';
import type { Started } from './bring-up.js';
import type { DockerGateway } from '../docker/gateway.js';

/** Time that a drain may take before the engine kills. */
const graceSeconds = 30;

/** What Ctrl-C does: before a server is ready it aborts the start, afterwards it drains, and the second time it kills. */
export interface CtrlC {
  /** Aborted by a Ctrl-C before the hand-over. */
  readonly signal: AbortSignal;
  /** From here on the server is ended instead. A Ctrl-C that came before is made up for. */
  readonly handOver: (ends: Ends) => void;
  readonly release: () => void;
}

/** The two ways in which a server ends. */
export interface Ends {
  readonly drain: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

/** Takes Ctrl-C (and SIGTERM) over for as long as a launch lasts. */
export function takeCtrlC(context: LaunchContext): CtrlC {
  const controller = new AbortController();
  let ends: Ends | undefined;
  let presses = 0;
  const ignore = (): undefined => undefined;
  const end = ({ drain, kill }: Ends): void => {
    presses += 1;
    if (presses === 1) context.console.note('stopping: requests in flight finish first; Ctrl-C again kills');
    void (presses === 1 ? drain() : kill()).catch(ignore);
  };
  const release = context.onSignal(() => {
    if (ends === undefined) controller.abort();
    else end(ends);
  });
  const handOver = (to: Ends): void => {
    ends = to;
    if (controller.signal.aborted) end(to);
  };
  return { signal: controller.signal, handOver, release };
}

/** How a started server ends: by its engine, or by the runner of native ones. */
export function endsOf(gateway: DockerGateway, started: Started): Ends {
  if (started.kind === 'native') {
    const { runner, launched } = started;
    return {
      drain: () => runner.stop(launched.name, { graceSeconds }),
      kill: () => runner.kill(launched.name, 'SIGKILL'),
    };
  }
  const { containerId: id = started.launched.name } = started.launched;
  return {
    drain: () => gateway.containers.stop(id, { graceSeconds }),
    kill: () => gateway.containers.kill(id, 'SIGKILL'),
  };
}

/** Follows a server until it ends and answers its exit code. One that ran before is not this command's to follow or end. */
export async function followUntilEnd(context: LaunchContext, started: Started): Promise<number> {
  const { launched } = started;
  if (launched.isReused) return 0;
  if (started.kind === 'native') {
    const exitCode = started.runner.wait(launched.name);
    await pumpOutput(started.runner.logs(launched.name, { follow: true }), context);
    return exitCode;
  }
  if (started.attached === undefined) return 0;
  const sinceMs = context.now();
  const exitCode = await started.attached.exitCode;
  await started.attached.drained;
  const lifetime = { id: started.attached.id, sinceMs, nowMs: context.now() };
  if (exitCode === killedExitCode && (await ranOutOfMemory(started.gateway, lifetime)))
    context.console.fail(`${launched.name} was out of memory, and the kernel killed it. More: --memory`);
  return exitCode;
}
