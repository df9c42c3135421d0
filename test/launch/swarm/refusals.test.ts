import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseLogLine } from '../../../src/launch/docker/api/swarm-mapping.js';
import { temporaryFolder } from '../../support/folder.js';
import { runLaunch, type CliRun } from '../../support/launch-cli.js';

/** An engine that answers GET with these bodies by path, as a real one did, and everything else as an engine without a Swarm does. */
async function withEngine<T>(
  answers: Readonly<Record<string, unknown>>,
  use: (flags: readonly string[]) => Promise<T>,
): Promise<T> {
  const noManager =
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/v[\d.]+/, '').split('?')[0] ?? '';
    const answer = answers[path];
    const [status, body] = answer === undefined ? [503, { message: noManager }] : [200, answer];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await use(['-H', `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const swarm = (fields: object) => ({ '/info': { Swarm: fields }, '/version': {} });
const refused = (code: number, pattern: RegExp) => (run: CliRun) => {
  assert.equal(run.code, code, run.stderr);
  assert.match(run.stderr, pattern);
};

describe('launch up --swarm, scale and rollback', () => {
  it('say what to type where the engine manages no Swarm, whatever it is instead', async () => {
    const managers = { RemoteManagers: [{ NodeID: 'a', Addr: '10.0.0.5:2377' }] };
    const situations: readonly (readonly [object, RegExp])[] = [
      [{ LocalNodeState: 'inactive', ControlAvailable: false }, /is not in a Swarm\n {2}fix: docker swarm init/],
      [
        { LocalNodeState: 'active', ControlAvailable: false, ...managers },
        /a worker of a Swarm.*\(10\.0\.0\.5:2377\).*\n {2}fix: name a manager/,
      ],
      [{ LocalNodeState: 'locked', ControlAvailable: false }, /locked Swarm\n {2}fix: docker swarm unlock/],
      [
        { LocalNodeState: 'error', ControlAvailable: false, ...managers },
        /is joining a Swarm, or lost its managers.*\n {2}fix: docker info/,
      ],
    ];
    for (const [state, pattern] of situations) {
      await withEngine(swarm(state), async (flags) => {
        const lines = [
          ['up', '--swarm'],
          ['up', '--swarm', '--dry-run', '--json'],
          ['scale', 'a=3'],
          ['rollback', 'a'],
        ];
        const runs = await Promise.all(lines.map((line) => runLaunch([...line, ...flags])));
        runs.forEach(refused(125, pattern));
        const { error } = JSON.parse(runs[1]?.stdout ?? '') as { error: { code: string } };
        assert.equal(error.code, 'DOCKER_REFUSED');
      });
    }
  });

  it('leave launch ps working on an engine without a Swarm', async () => {
    const answers = { ...swarm({ LocalNodeState: 'inactive' }), '/containers/json': [] };
    await withEngine(answers, async (flags) => {
      const { code, stdout } = await runLaunch(['ps', '--json', ...flags]);
      assert.deepEqual([code, stdout], [0, '[]\n']);
    });
  });

  it('refuse GPUs that no node offers, before anything is made', async () => {
    const answers = {
      ...swarm({ LocalNodeState: 'active', ControlAvailable: true, NodeID: 'n', Nodes: 1 }),
      '/services': [],
      '/nodes': [{ ID: 'n', Description: { Hostname: 'box', Resources: {} } }],
    };
    const service = { ID: 's', Spec: { Name: 'slipway', Labels: { 'slipway.managed': 'true' } } };
    await withEngine({ ...answers, '/services/slipway': service }, async (flags) => {
      refused(3, /no node of the Swarm offers NVIDIA-GPU/)(await runLaunch(['up', '--swarm', '--gpus', '1', ...flags]));
    });
    await withEngine({ ...answers, '/services/slipway': { ID: 's', Spec: { Name: 'slipway' } } }, async (flags) => {
      refused(125, /was not started by launch/)(await runLaunch(['up', '--swarm', ...flags]));
      refused(8, /slipway is a service that launch did not start/)(await runLaunch(['rollback', 'slipway', ...flags]));
    });
  });

  it('refuse flags that say nothing here, and numbers and files that are none', async () => {
    const folder = temporaryFolder('swarm-');
    await writeFile(join(folder, 'empty'), '');
    await writeFile(join(folder, 'keys'), 'a:admin:0123456789abcdef\n');
    const keys = ['--keys-file', join(folder, 'keys')];
    for (const [line, pattern] of [
      [['up', '--replicas', '3'], /--replicas is for a service of a Swarm\. Add --swarm/],
      [['--publish-mode', 'host', '--dry-run'], /--publish-mode is for a service of a Swarm/],
      [['up', '--swarm', '--replicas', '0'], /--replicas.*whole number of at least 1/],
      [['up', '--swarm', '--publish-mode', 'all'], /Expected one of ingress, host/],
      [['up', '--swarm', '--network', 'host'], /--network host: replicas need an overlay network/],
      [['up', '--swarm', '--variant', 'native'], /--variant native starts no container/],
      [['up', '--swarm', '--keys-file', join(folder, 'none')], /--keys-file .*none: ENOENT.*Name a file/],
      [['up', '--swarm', '--keys-file', join(folder, 'empty')], /has 0 bytes/],
      [['up', '--swarm', ...keys, '--keys-secret', 'k'], /cannot be combined/],
      [['scale', 'slipway'], /expected a service and its number.*launch scale slipway=3/],
      [['scale', 'slipway=-1'], /whole number of at least 0/],
    ] as const) {
      refused(2, pattern)(await runLaunch(line));
    }
  });
});

describe('a line of a service log', () => {
  it('names its replica before the text, after the time where that is asked for', () => {
    const details = 'com.docker.swarm.node.id=n,com.docker.swarm.service.id=s,com.docker.swarm.task.id=7ayjo18';
    assert.deepEqual(parseLogLine(`${details} {"a": 1}\n`, false), { taskId: '7ayjo18', text: '{"a": 1}\n' });
    const time = '2026-01-01T00:00:00.123456789Z';
    assert.deepEqual(parseLogLine(`${time} ${details} a b\n`, true), { taskId: '7ayjo18', text: `${time} a b\n` });
    assert.deepEqual(parseLogLine('the rest of a long line\n', false), {
      taskId: '',
      text: 'the rest of a long line\n',
    });
  });
});
