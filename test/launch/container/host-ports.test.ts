import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { findListener, readPorts, wantedPorts } from '../../../src/launch/container/host-ports.js';
import { toContainerSpec } from '../../../src/launch/container/spec.js';
import { decide } from '../../../src/launch/decide/plan.js';
import { parseDetails, parseSummary } from '../../../src/launch/docker/api/container-mapping.js';
import type { DockerGateway } from '../../../src/launch/docker/gateway.js';
import { parsePort } from '../../../src/launch/request/flags/ports.js';
import type { ContainerRequest, LaunchRequest } from '../../../src/launch/request/request.js';
import { facts, request } from '../situations.js';

function wanted(asked: Partial<LaunchRequest>, container: Partial<ContainerRequest>) {
  const given = facts('bare', 'plain');
  const full = request({ variant: 'cpu', ...asked }, container);
  const decision = decide(full, given);
  assert.ok(decision.kind === 'chosen' && decision.plan.kind === 'container');
  const ports = wantedPorts(toContainerSpec(full, decision.plan, given));
  return ports.map(({ hostIp, told, protocol, otherwise }) => [hostIp, told, protocol, otherwise]);
}

describe('the addresses of the host that a container is to have', () => {
  it('are those that are published', () => {
    assert.deepEqual(wanted({}, {}), [['127.0.0.1', '8000', 'tcp', '-p 8001:8000']]);
    assert.deepEqual(wanted({}, { ports: [...parsePort('0.0.0.0:9000:8000'), ...parsePort('[::1]:53:53/udp')] }), [
      ['0.0.0.0', '9000', 'tcp', '-p 9001:8000'],
      ['::1', '53', 'udp', '-p 54:53'],
    ]);
    assert.deepEqual(wanted({}, { ports: parsePort('9000-9010:8000') }), [
      ['127.0.0.1', '9000-9010', 'tcp', '-p 8000, for any free port'],
    ]);
  });

  it('are those of its server on the network of the host', () => {
    const network = 'host';
    assert.deepEqual(wanted({}, { network }), [['127.0.0.1', '8000', 'tcp', '-- --port 8001']]);
    assert.deepEqual(wanted({ serverPort: 9000 }, { network, env: { SLIPWAY_HOST: '0.0.0.0' } }), [
      ['0.0.0.0', '9000', 'tcp', '-- --port 9001'],
    ]);
    assert.deepEqual(wanted({ serverArgs: ['--host', '::1', '--grpc-port=8001'] }, { network }), [
      ['::1', '8000', 'tcp', '-- --port 8001'],
      ['::1', '8001', 'tcp', '-- --grpc-port 8002'],
    ]);
  });
});

describe('the addresses of the host that a container has', () => {
  const gatewayOf = (details: object): DockerGateway =>
    ({ containers: { inspect: () => Promise.resolve(parseDetails(details)) } }) as unknown as DockerGateway;
  const summary = (network: string, ports: readonly object[]) =>
    parseSummary({ Ports: ports, NetworkSettings: { Networks: { [network]: {} } } });

  it('are published, or its own on the network of the host', async () => {
    const port = { hostIp: '0.0.0.0', port: 9000, protocol: 'tcp' };
    const listed = [
      { PrivatePort: 8000, Type: 'tcp', PublicPort: 9000, IP: '0.0.0.0' },
      { PrivatePort: 1, Type: 'tcp' },
    ];
    assert.deepEqual(await readPorts(gatewayOf({}), summary('bridge', listed)), [port]);
    const config = { Labels: { 'slipway.port': '9000' }, Env: ['SLIPWAY_HOST=127.0.0.1'], Cmd: ['--host', '0.0.0.0'] };
    const [first, ...others] = await readPorts(gatewayOf({ Config: config }), summary('host', []));
    assert.deepEqual([first?.hostIp, first?.port, others], ['0.0.0.0', 9000, []]);
  });

  it('are none where it has gone meanwhile', async () => {
    const gone = { containers: { inspect: () => Promise.reject(new Error('gone')) } } as unknown as DockerGateway;
    assert.deepEqual(await readPorts(gone, summary('host', [])), []);
  });
});

describe('an address of this machine', () => {
  it('is taken while a program listens there, on every address too', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const at = (hostIp: string) => ({ hostIp, port, protocol: 'tcp' });
      assert.equal(await findListener([at('127.0.0.1')]), `127.0.0.1:${port}`);
      assert.equal(await findListener([at('0.0.0.0')]), `127.0.0.1:${port}`);
      server.close();
      await once(server, 'close');
      assert.equal(await findListener([at('127.0.0.1'), at('')]), undefined);
      assert.equal(await findListener([]), undefined);
    }
  });
});
