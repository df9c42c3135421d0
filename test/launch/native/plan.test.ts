import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { known } from '../../../src/launch/facts/facts.js';
import { parseMount } from '../../../src/launch/request/flags/mounts.js';
import { parsePort } from '../../../src/launch/request/flags/ports.js';
import { toNativeRequest } from '../../../src/launch/native/plan.js';
import type { ContainerRequest } from '../../../src/launch/request/request.js';
import { facts, request } from '../situations.js';

const base = { cwd: '/work', homeFolder: '/home/me', platform: 'linux' } as const;
const native = (
  container: Partial<ContainerRequest> = {},
  change: Parameters<typeof request>[0] = {},
  hasModels = true,
) => {
  const paths = hasModels ? { '/work/models': known({ kind: 'folder', models: ['m'] } as const, '') } : {};
  const plan = { kind: 'native', variant: 'native', requiresGpu: false } as const;
  return toNativeRequest(request(change, container), plan, {
    facts: { ...facts('bare', 'none'), paths },
    cwd: '/work',
  });
};

describe('native plan', () => {
  it('serves the bundled models on 127.0.0.1:8000 where nothing is asked for', () => {
    assert.deepEqual(native().args, ['--host', '127.0.0.1', '--port', '8000']);
  });

  it('reads mounts as the container would', () => {
    const at = (text: string, hasModels = true) => native({ mounts: [parseMount(text, base)] }, {}, hasModels);
    assert.deepEqual(at('./m:/srv/models').args.slice(0, 2), ['--models', '/work/m']);
    assert.deepEqual(at('.:/srv').args.slice(0, 2), ['--models', '/work/models']);
    assert.deepEqual(at('.:/srv', false).args.slice(0, 2), ['--models', '/work'], 'the bundled models never stand in');
    assert.equal(at('..:/srv', false).cwd, '/');
  });

  it('listens where the port would be published, and takes the rest of the arguments over', () => {
    const { host, port, args } = native(
      { ports: parsePort('0.0.0.0:9000:8000') },
      { serverArgs: ['--port', '8000', '--workers', '2'] },
    );
    assert.deepEqual([host, port], ['0.0.0.0', 9000]);
    assert.deepEqual(args, ['--host', '0.0.0.0', '--port', '9000', '--workers', '2']);
  });

  it('listens for gRPC where that port would be published', () => {
    const grpc = { serverArgs: ['--grpc-port', '8001', '--workers', '2'], grpcPort: 8001 };
    const start = ['--host', '127.0.0.1', '--port'];
    assert.deepEqual(native({}, grpc).args, [...start, '8000', '--grpc-port', '8001', '--workers', '2']);
    const ports = [...parsePort('9000:8000'), ...parsePort('9001:8001')];
    assert.deepEqual(native({ ports }, grpc).args, [...start, '9000', '--grpc-port', '9001', '--workers', '2']);
  });

  it('has one fingerprint for one thing, and stays when detached', () => {
    assert.equal(native().config, native({}, { mode: 'detached' }).config);
    assert.notEqual(native().config, native({ env: { A: 'b' } }).config);
    assert.deepEqual([native().removeOnExit, native({}, { mode: 'detached' }).removeOnExit], [true, false]);
  });
});
