import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findSettled } from '../../../src/launch/container/existing.js';
import type { ContainerSpec } from '../../../src/launch/container/spec-types.js';
import type { DockerGateway } from '../../../src/launch/docker/gateway.js';
import { containerLabels } from '../../../src/launch/labels.js';

const spec = {
  name: 'a',
  isNamed: true,
  configHash: 'h',
  body: { HostConfig: { PortBindings: {} } },
} as unknown as ContainerSpec;

/** An engine with one container of this state, which may change. */
function engineWith(state: () => string): DockerGateway {
  const container = () => ({
    id: '1',
    name: 'a',
    state: state(),
    labels: { [containerLabels.config]: 'h' },
    networks: [],
    ports: [],
  });
  return { containers: { list: () => Promise.resolve([container()]) } } as unknown as DockerGateway;
}

describe('a container that was created and is not started', () => {
  it('is waited for, and after a second that is said, once', async () => {
    let state = 'created';
    const said: string[] = [];
    const onWait = (text: string): void => {
      said.push(text);
      setImmediate(() => (state = 'running'));
    };
    const { same, leftover } = await findSettled(
      engineWith(() => state),
      spec,
      { onWait },
    );
    assert.deepEqual([same?.id, leftover], ['1', undefined]);
    assert.deepEqual(said, [
      'a was created, but is not started yet: waiting up to 10 s for the launch that may be at it',
    ]);
  });

  it('is not waited for where it runs or has ended', async () => {
    const onWait = (): void => assert.fail('it waits');
    assert.equal(
      (
        await findSettled(
          engineWith(() => 'running'),
          spec,
          { onWait },
        )
      ).same?.id,
      '1',
    );
    assert.equal(
      (
        await findSettled(
          engineWith(() => 'exited'),
          spec,
          { onWait },
        )
      ).leftover?.id,
      '1',
    );
  });
});
