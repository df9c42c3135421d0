import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toRequest, type Surroundings } from '../../../src/launch/request/read.js';
import { nearest } from '../../../src/command-line/suggestion.js';
import { noLists, normalizeBooleans, type UpValues } from '../../../src/launch/request/up-flags.js';
import { publishedPorts } from '../../../src/launch/request/request.js';

const at: Surroundings = {
  cwd: '/work',
  homeFolder: '/home/me',
  platform: 'linux',
  env: { MINE: 'yes' },
  envFiles: [],
  engineIsNamed: false,
  hasTerminal: true,
};
const read = (values: Partial<UpValues> = {}, serverArgs: readonly string[] = [], from = at) =>
  toRequest({ ...noLists, init: true, ...values }, serverArgs, from);

describe('command line to request', () => {
  it('is auto in the foreground on 127.0.0.1:8000 where nothing is said', () => {
    const request = read();
    assert.deepEqual(
      [request.variant, request.mode, request.container.capDrop, request.container.init],
      ['auto', 'foreground', ['ALL'], true],
    );
    assert.deepEqual(publishedPorts(request), [
      { hostIp: '127.0.0.1', hostPort: '8000', containerPort: 8000, protocol: 'tcp' },
    ]);
  });

  it('lets -e win over --env-file, and follows the server to its port', () => {
    const envFiles = [{ name: 'a.env', text: 'A=file\nSLIPWAY_PORT=9000\nMINE' }];
    const request = read({ env: ['A=flag'] }, [], { ...at, envFiles });
    assert.deepEqual(request.container.env, { A: 'flag', SLIPWAY_PORT: '9000', MINE: 'yes' });
    assert.equal(request.serverPort, 9000);
    assert.equal(read({}, ['--port=9001']).serverPort, 9001);
    assert.equal(publishedPorts(read({}, ['--port', '9002']))[0]?.hostPort, '9002');
    assert.deepEqual(publishedPorts(read({ network: 'host' })), []);
  });

  it('publishes the port for gRPC under its own number, on the address of the server, unless -p says otherwise', () => {
    const places = (publish: readonly string[], args: readonly string[], env: readonly string[] = []) =>
      publishedPorts(read({ publish, env }, args)).map(({ hostIp, hostPort, containerPort }) =>
        [hostIp, hostPort, containerPort].join(':'),
      );
    const server = '127.0.0.1:8000:8000';
    assert.deepEqual(places([], ['--grpc-port', '8001']), [server, '127.0.0.1:8001:8001']);
    assert.deepEqual(places([], [], ['SLIPWAY_GRPC_PORT=9001']), [server, '127.0.0.1:9001:9001']);
    const open = ['0.0.0.0:9000:8000'];
    assert.deepEqual(places(open, ['--grpc-port=8001']), ['0.0.0.0:9000:8000', '0.0.0.0:8001:8001']);
    const both = ['9000:8000', '10.0.0.5:9001:8001'];
    assert.deepEqual(places(both, ['--grpc-port', '8001']), ['127.0.0.1:9000:8000', '10.0.0.5:9001:8001']);
    assert.deepEqual(publishedPorts(read({ network: 'host' }, ['--grpc-port', '8001'])), []);
    assert.throws(() => places([], ['--grpc-port', '0']), /--grpc-port 0/);
  });

  it('knows its modes', () => {
    assert.equal(read({ detach: true }).mode, 'detached');
    assert.equal(read({ interactive: true, tty: true }).mode, 'shell');
  });

  const refused: readonly (readonly [Partial<UpValues>, RegExp])[] = [
    [{ variant: 'gup' }, /expected one of auto, cpu, gpu, cuda, native\. Type --variant gpu\?/],
    [{ pull: 'newer' }, /expected one of missing, always, never/],
    [{ detach: true, interactive: true, tty: true }, /-it and -d cannot be combined/],
    [{ tty: true }, /type -it for a shell/],
    [{ rm: true, restart: 'always' }, /--rm and --restart cannot be combined/],
    [{ variant: 'cpu', gpus: 'all' }, /Type --variant gpu/],
    [{ gpuMode: 'none', variant: 'gpu' }, /cannot be combined with a request for a GPU/],
    [{ publish: ['9000'] }, /server there listens on 8000\. Type -p 9000:8000\./],
    [{ publish: ['9000:9001'] }, /Type -p 9000:8000\./],
    [{ name: '-x' }, /--name/],
  ];
  for (const [values, says] of refused) {
    it(`refuses ${JSON.stringify(values)} and says what to type`, () => {
      assert.throws(() => read(values), { code: 'USAGE', message: says });
    });
  }

  it('wants a terminal for a shell', () => {
    assert.throws(
      () => read({ interactive: true, tty: true }, [], { ...at, hasTerminal: false }),
      /-it needs a terminal/,
    );
  });

  it("takes docker's booleans with a value, but not behind --", () => {
    assert.deepEqual(normalizeBooleans(['--init=false', '--rm=true', '--init=true', '-d', '--', '--init=false']), [
      '--no-init',
      '--rm',
      '-d',
      '--',
      '--init=false',
    ]);
  });

  it('finds the word that was meant, and none for a foreign one', () => {
    assert.equal(nearest('docter', ['doctor', 'up']), 'doctor');
    assert.equal(nearest('tsop', ['stop', 'ps']), 'stop');
    assert.equal(nearest('net', ['network', 'ps']), 'network');
    assert.equal(nearest('xyzzy', ['stop', 'ps']), undefined);
  });
});
