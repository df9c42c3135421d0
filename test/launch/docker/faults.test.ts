import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import type { DockerEndpoint } from '../../../src/launch/docker/address/endpoint.js';
import { toDockerError, toStreamError } from '../../../src/launch/docker/faults.js';
import type { Subject } from '../../../src/launch/docker/api/transport.js';

interface Sample {
  readonly seen: string;
  readonly kind: Subject['kind'];
  readonly status: number;
  readonly text: string;
  readonly code: string;
}

const samples = JSON.parse(
  await readFile(new URL('./fixtures/faults.json', import.meta.url), 'utf8'),
) as readonly Sample[];
const unix: DockerEndpoint = {
  url: 'unix:///var/run/docker.sock',
  source: 'the default socket',
  address: { kind: 'unix', path: '/var/run/docker.sock' },
};
const remote: DockerEndpoint = {
  url: 'tcp://box:2376',
  source: 'DOCKER_HOST',
  address: { kind: 'tcp', host: 'box', port: 2376 },
  remoteHost: 'box',
};
const subject: Subject = { action: 'ask the engine', kind: 'engine' };

it('a refusal without a text says its status', () => {
  for (const text of ['', ' ']) {
    const thrown = Object.assign(new Error(`(HTTP code 403) unexpected - ${text}`), { statusCode: 403 });
    const { code, message } = toDockerError(thrown, subject, remote);
    assert.equal(code, 'DOCKER_REFUSED');
    assert.equal(message, 'Could not ask the engine: status 403 without a reason, perhaps of a proxy in between');
  }
});

it('a web server at the address of -H is no engine, and -p is named', () => {
  const own = {
    url: 'tcp://0.0.0.0:8000',
    source: '-H',
    address: { kind: 'tcp', host: '0.0.0.0', port: 8000 },
  } as const;
  const thrown = Object.assign(new Error('(HTTP code 404) no such container - '), { statusCode: 404 });
  const { code, message } = toDockerError(thrown, subject, own);
  assert.equal(code, 'DOCKER_UNREACHABLE');
  assert.equal(
    message,
    'What answers at tcp://0.0.0.0:8000 (from -H) is no container engine: status 404. ' +
      '-H names the engine, not where the server listens: that is -p 0.0.0.0:8000:8000.',
  );
  const plain = { ...own, url: 'tcp://1.2.3', address: { ...own.address, host: '1.2.3', port: 2375 } };
  assert.match(toDockerError(lost('ECONNREFUSED'), subject, plain).message, /that is -p 1\.2\.3:8000:8000\.$/);
});

it("a Podman socket that may not be used, or is not there, is a user's own to start", () => {
  const path = '/run/podman/podman.sock';
  const podman = { url: `unix://${path}`, source: "Podman's socket", address: { kind: 'unix', path } } as const;
  for (const code of ['EACCES', 'ENOENT', 'ECONNREFUSED'])
    assert.match(toDockerError(lost(code), subject, podman).message, / systemctl --user start podman\.socket, then /);
  assert.match(toDockerError(lost('EACCES'), subject, unix).message, /usermod -aG docker/);
});

const lost = (code: string, message = `connect ${code}`): Error => Object.assign(new Error(message), { code });

describe('faults of the engine', () => {
  for (const { seen, kind, status, text, code } of samples) {
    it(`${code}: "${text.slice(0, 60)}" (${seen})`, () => {
      const thrown = Object.assign(new Error(`(HTTP code ${status}) server error - ${text} `), { statusCode: status });
      const about: Subject = { action: 'do it', kind, ref: 'x' };
      const error = status === 200 ? toStreamError(text, about) : toDockerError(thrown, about, unix);
      assert.equal(error.code, code);
      assert.equal(error.message, `Could not do it: ${text}`);
      assert.deepEqual(error.details, { engine: text, status, ref: 'x' });
    });
  }

  it("takes the engine's own JSON message before the client's wording of it", () => {
    const thrown = Object.assign(new Error('(HTTP code 500) server error - x - y '), {
      statusCode: 500,
      json: { message: 'the true text' },
    });
    assert.equal(toDockerError(thrown, subject, unix).details['engine'], 'the true text');
  });

  it('says for an unreachable engine where it looked, who said so and what to do', () => {
    const cases = [
      [
        'ENOENT',
        unix,
        /No container engine answers at unix:\/\/\S+ \(from the default socket\).*systemctl start docker/,
      ],
      ['EACCES', unix, /usermod -aG docker/],
      ['ECONNREFUSED', remote, /\(from DOCKER_HOST\).*Check that box is up/],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', remote, /DOCKER_CERT_PATH/],
    ] as const;
    for (const [code, endpoint, words] of cases) {
      const error = toDockerError(lost(code), subject, endpoint);
      assert.equal(error.code, 'DOCKER_UNREACHABLE');
      assert.match(error.message, words);
      assert.equal(error.details['errno'], code);
    }
  });

  it('reports a build that fails in its stream as such, and leaves an AppError as it is', () => {
    const error = toStreamError('The command returned 1', { action: 'build x', kind: 'build' });
    assert.equal(error.code, 'BUILD_FAILED');
    const own = new AppError('USAGE', 'no');
    assert.equal(toDockerError(own, subject, unix), own);
  });
});
