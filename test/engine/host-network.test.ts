import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { nodeBase, openStandInSuite } from './stand-in.js';
import { openTestEngine } from './support.js';

const engine = await openTestEngine(nodeBase);

describe('the network of the host on a real engine', { skip: engine.skip, concurrency: false }, () => {
  const docker = engine.docker!;
  const { nextPort, ours, up, upJson } = openStandInSuite(docker, 'slipway.test=host-network', 9_000);

  it('takes no other server for a container, though its answers are there before', async () => {
    const foreign = createServer((_, response) => response.end('{"ready":true}')).listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const { port } = foreign.address() as AddressInfo;
    const before = (await ours()).length;
    const onHost = ['--variant', 'cpu', '--network', 'host'];
    const refused = await up(['-d', ...onHost, '-e', `SLIPWAY_PORT=${port}`]);
    foreign.close();
    assert.equal(refused.code, 7, refused.stderr);
    assert.match(refused.stderr, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is taken by another program`));
    assert.match(refused.stderr, new RegExp(`fix: -- --port ${port + 1}`));
    assert.equal((await ours()).length, before);
    const [free = ''] = nextPort().split(':');
    const name = 'slipway-test-on-host';
    const first = await upJson([...onHost, '--name', name, '-e', `SLIPWAY_PORT=${free}`]);
    assert.equal(first.url, `http://127.0.0.1:${free}`);
    for (const args of [
      [...onHost, '-e', `SLIPWAY_PORT=${free}`, '-e', 'A=1'],
      ['--variant', 'cpu', '-p', `${free}:8000`],
    ]) {
      const taken = await up(['-d', ...args]);
      assert.equal(taken.code, 7, taken.stderr);
      assert.match(taken.stderr, new RegExp(`Port ${free} on 127\\.0\\.0\\.1 is taken by ${name} \\(cpu\\)`));
    }
    const next = await upJson([...onHost, '--replace', '-e', `SLIPWAY_PORT=${free}`, '-e', 'DEVICE=next']);
    assert.deepEqual(next.devices, ['next']);
    await assert.rejects(docker.containers.inspect(name), { code: 'CONTAINER_NOT_FOUND' });
  });
});
