import { docker } from '../docker-cli.js';
import { openTestEngine } from '../support.js';

/** A Swarm to test on, or why there is none. */
export interface TestSwarm {
  readonly skip: string | false;
  /** Leaves a Swarm that was made for the tests. */
  close(): Promise<void>;
}

/** The Swarm that the engine manages; under REQUIRE_ENGINE=1 one is made where it is in none. An engine that can have none skips the suite. */
export async function openTestSwarm(image: string): Promise<TestSwarm> {
  const engine = await openTestEngine(image);
  const nothing = { close: () => Promise.resolve() };
  if (engine.docker === undefined) return { ...nothing, skip: engine.skip };
  const skipped = (reason: string): TestSwarm => {
    console.log(`skipped: ${reason}`);
    return { ...nothing, skip: reason };
  };
  const { role } = await engine.docker.swarm.state();
  if (role === 'manager') return { ...nothing, skip: false };
  if (role !== 'none' || process.env['REQUIRE_ENGINE'] !== '1')
    return skipped('needs an engine that manages a Swarm: docker swarm init');
  try {
    await docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
  } catch (thrown) {
    return skipped(`this engine cannot have a Swarm: ${String(thrown)}`);
  }
  const close = async (): Promise<void> => {
    await docker('swarm', 'leave', '--force');
  };
  return { skip: false, close };
}
