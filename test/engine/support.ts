import { homedir } from 'node:os';
import type { DockerGateway } from '../../src/launch/docker/gateway.js';
import { openDocker } from '../../src/launch/docker/open.js';

/** Image whose shell the engine suites run; it must be on the engine, nothing is pulled. */
export const shellImage = 'debian:bookworm-slim';

export type TestEngine =
  { readonly docker: DockerGateway; readonly skip: false } | { readonly docker: undefined; readonly skip: string };

/** The engine of this machine, or the printed reason for skipping; under REQUIRE_ENGINE=1 a missing engine fails. */
export async function openTestEngine(image: string = shellImage): Promise<TestEngine> {
  try {
    const docker = await openDocker({}, { env: process.env, homeFolder: homedir(), platform: process.platform });
    await docker.ping({ signal: AbortSignal.timeout(5000) });
    await docker.images.inspect(image);
    return { docker, skip: false };
  } catch (thrown) {
    if (process.env['REQUIRE_ENGINE'] === '1') throw thrown;
    const reason = `needs a container engine with ${image}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    console.log(`skipped: ${reason}`);
    return { docker: undefined, skip: reason };
  }
}
