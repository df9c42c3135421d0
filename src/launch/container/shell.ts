import { removeContainer } from './existing.js';
import { joinTerminal } from '../cli/terminal.js';
import { ensureImage } from '../images/ensure-image.js';
import { explainEngineError } from '../failures/explain.js';
import type { ContainerPlan } from '../decide/plan-types.js';
import type { Session } from '../session/session.js';
import { toContainerSpec } from './spec.js';

/** Opens a shell (or the command after `--`) in a container of the plan, instead of the server. Answers its exit code. */
export async function runShell(session: Session, plan: ContainerPlan): Promise<number> {
  const { gateway, request, facts, context } = session;
  await ensureImage(session, plan);
  const spec = toContainerSpec(request, plan, facts);
  const { name, platform } = spec;
  const id = await gateway.containers.create(spec.body, {
    name: request.container.name ?? `${name}-shell-${context.now().toString(36)}`,
    ...(platform === undefined ? {} : { platform }),
    onWarning: (text) => context.console.warn(text),
  });
  try {
    const attachment = await gateway.containers.attach(id, { stdin: true, tty: true });
    const exitCode = gateway.containers.wait(id, 'next-exit');
    exitCode.catch(() => undefined);
    await gateway.containers.start(id);
    if (request.serverArgs.length === 0) {
      const { entrypoint } = await gateway.images.inspect(plan.image.ref);
      context.console.note(`the server is not started; to start it in here: ${entrypoint.join(' ')}`);
    }
    await joinTerminal(attachment, context, { tty: true, stdin: true });
    return await exitCode;
  } catch (thrown) {
    throw explainEngineError(thrown);
  } finally {
    await removeContainer(gateway, id);
  }
}
