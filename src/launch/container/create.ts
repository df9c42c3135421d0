import { AppError } from '../../errors.js';
import { explainEngineError } from '../failures/explain.js';
import type { Session } from '../session/session.js';
import { findSettled, type Settling } from './existing.js';
import { withProfiles } from './spec.js';
import type { ContainerSpec, CreateBody } from './spec-types.js';

/** Says why a container that another launch is at is waited for. */
export const settling = ({ context }: Session): Settling => ({ onWait: (text) => context.console.note(text) });

/** Creates a container, and answers its id. Throws DOCKER_REFUSED where its name is taken. */
export async function create(session: Session, spec: ContainerSpec): Promise<string> {
  const { gateway, context } = session;
  const { name, platform } = spec;
  const onWarning = (text: string): void => context.console.warn(text);
  try {
    return await gateway.containers.create(toSent(session, spec), { name, platform, onWarning });
  } catch (thrown) {
    throw explainTakenName(name, thrown) ?? explainEngineError(thrown);
  }
}

/** The same, or the container that a launcher has made which was faster: its name, and so its options, are the same. */
export async function createOrFind(
  session: Session,
  spec: ContainerSpec,
): Promise<string | { readonly runningId: string }> {
  try {
    return await create(session, spec);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !isTaken(thrown.cause)) throw thrown;
    const { same } = await findSettled(session.gateway, spec, { ...settling(session), isTaken: true });
    if (same === undefined) throw thrown;
    return { runningId: same.id };
  }
}

function isTaken(thrown: unknown): boolean {
  return thrown instanceof AppError && /is already in use by/.test(thrown.message);
}

/** What an engine's refusal of a name means; undefined where it refuses something else. */
export function explainTakenName(name: string, thrown: unknown): AppError | undefined {
  if (!isTaken(thrown)) return undefined;
  const text = `The name ${name} belongs to a container that launch did not start, or that is just starting.`;
  return new AppError('DOCKER_REFUSED', `${text}\n  fix: choose another --name, or try again`, { cause: thrown });
}

/** The options as the engine takes them: the texts of profiles in place of their files' names. */
function toSent({ facts }: Session, { body }: ContainerSpec): CreateBody {
  return { ...body, HostConfig: withProfiles(body.HostConfig, facts.profiles) };
}
