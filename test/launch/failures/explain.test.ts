import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import {
  explainBuild,
  explainEngineError,
  explainTransfer,
  neverReadyError,
  permitsFallback,
  toRefusal,
} from '../../../src/launch/failures/explain.js';
import { registryFailures } from '../../../src/launch/failures/registry-failures.js';
import type { HealthReason } from '../../../src/protocol/server-health.js';

const reasonOf = (code: string, message: string): HealthReason => ({ code, final: true, model: 'm', message });
const noLibrary = reasonOf(
  'DEVICE_UNAVAILABLE',
  "Model 'm' cannot be loaded: the NVIDIA driver library libcuda.so.1 is not visible here. To fix: start it with the GPU.",
);
const cutShort = reasonOf('MODEL_INVALID', "Model 'e' cannot be loaded: it is cut short. To fix: copy it again.");
const failure = (...reasons: readonly HealthReason[]) =>
  neverReadyError({ name: 's', reasons, logLines: ['a line'], wasShown: false });

describe('a server that says that it will never be ready', () => {
  it('is a missing device where one of its models lacks it: auto goes on and says why', () => {
    const error = failure(cutShort, noLibrary);
    assert.equal(error.code, 'DEVICE_UNAVAILABLE');
    assert.ok(permitsFallback(error));
    assert.match(toRefusal(error).cause, /libcuda\.so\.1/);
    assert.match(toRefusal(error).fix, /^start it with the GPU/);
  });

  it('is no reason to fall back where its models are broken', () => {
    const error = failure(cutShort);
    assert.equal(permitsFallback(error), false);
    assert.match(
      error.message,
      /^s runs, but will never be ready\.\n {2}reason: Model 'e'.*To fix: copy it again\.\n {2}fix: copy it again$/,
    );
  });

  it('shows a few reasons whole and counts the others', () => {
    const { message } = failure(...Array.from({ length: 9 }, () => cutShort));
    assert.equal(message.match(/reason:/g)?.length, 5);
    assert.match(message, /and 4 more/);
  });
});

/** Texts of engines and registries, with the row that explains each. */
const transfers: readonly (readonly [id: string, text: string])[] = [
  [
    'credential-helper',
    'failed to solve: error getting credentials - err: exec: "docker-credential-desktop": executable file not found in $PATH, out: ``',
  ],
  [
    'registry-proxy',
    'Get "https://a.example/v2/": proxyconnect tcp: dial tcp: lookup http.docker.internal on 192.168.65.7:53: no such host',
  ],
  ['registry-name', 'Get "https://a.example/v2/": dial tcp: lookup a.example on 10.0.0.1:53: no such host'],
  [
    'registry-name',
    'Get https://a.example/v2/: dial tcp: lookup a.example on 10.0.2.3:53: read udp 10.0.2.15:1->10.0.2.3:53: i/o timeout',
  ],
  ['registry-name', 'Get https://a.example/v2/: dial tcp: lookup a.example on 10.0.2.3:53: server misbehaving'],
  [
    'registry-certificate',
    'Get "https://a.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  ['registry-plain', 'Get "https://10.0.0.5:5000/v2/": http: server gave HTTP response to HTTPS client'],
  ['registry-silent', 'Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused'],
  [
    'registry-silent',
    'Get "https://a.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
  ],
  ['registry-silent', 'Get "https://a.example/v2/": EOF'],
  ['registry-limit', 'toomanyrequests: You have reached your pull rate limit.'],
  [
    'registry-denied',
    "pull access denied for foo, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
  ],
  ['registry-denied', 'Head "https://a.example/v2/a/b/manifests/1": unauthorized'],
  ['registry-denied', 'error from registry: denied\ndenied'],
  [
    'subordinate-ids',
    'failed to register layer: potentially insufficient UIDs or GIDs available in user namespace (requested 0:42 for /etc/shadow)',
  ],
  [
    'old-manifest',
    'media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.1',
  ],
  [
    'platform',
    'no matching manifest for linux/arm64/v8 in the manifest list entries: no match for platform in manifest: not found',
  ],
  ['no-space', 'failed to register layer: write /opt/conda/lib/libnvvm.so: no space left on device'],
];

describe('an image that does not come', () => {
  for (const [id, engine] of transfers) {
    it(`is explained as ${id}: "${engine.slice(0, 70).replaceAll('\n', ' ')}"`, () => {
      const thrown = new AppError('IMAGE_MISSING', `Could not pull image a: ${engine}`, { details: { engine } });
      const { code, message, details } = explainTransfer(thrown) as AppError;
      assert.equal(details['failure'], id);
      assert.equal(code, 'IMAGE_MISSING');
      const lines = `Could not pull image a: ${String(details['cause'])}.\n  engine: ${engine}\n  fix: ${String(details['fix'])}`;
      assert.equal(message, lines);
    });
  }

  it('keeps its own words where its text was never seen, and where no engine answers', () => {
    const strange = new AppError('IMAGE_MISSING', 'Could not pull image a: moon', { details: { engine: 'moon' } });
    const engine = 'connect ECONNREFUSED, dial tcp: lookup x';
    const away = new AppError('DOCKER_UNREACHABLE', `No engine: ${engine}`, { details: { engine } });
    for (const thrown of [strange, away, new Error('x')]) assert.equal(explainTransfer(thrown), thrown);
  });

  it('has a recorded text, a cause and a fix for every row', () => {
    for (const { id, cause, fix } of registryFailures) {
      assert.ok(
        transfers.some(([row]) => row === id),
        id,
      );
      assert.ok(cause.length > 10 && fix.length > 5 && !fix.includes('\n'), id);
    }
  });

  it('ends a build with the cause in its last lines, and with nothing made up where they only name a library', () => {
    const built = (line: string) =>
      explainBuild(new AppError('BUILD_FAILED', `Could not build a:\n  ${line}`)) as AppError;
    const lookup = built('ERROR: failed to do request: dial tcp: lookup registry.example: no such host');
    assert.match(lookup.message, /\n {2}cause: the engine's host finds no registry of this name.*\n {2}fix: correct/);
    assert.ok(permitsFallback(lookup));
    assert.match(toRefusal(lookup).cause, /finds no registry/);
    for (const line of [
      'cp: libcudnn.so.9: not found',
      'RUN cat <<EOF',
      'mkdir: permission denied',
      'apparmor is missing',
    ])
      assert.equal(built(line).message, `Could not build a:\n  ${line}`);
  });
});

describe('what an engine refuses', () => {
  const refused = (engine: string) =>
    explainEngineError(new AppError('NOT_FOUND', `Could not start container x: ${engine}`, { details: { engine } }));

  it('is a missing GPU wherever the tools of NVIDIA fail, so that auto goes on', () => {
    for (const engine of [
      'nvidia-container-cli: initialization error: driver rpc error: failed to process request',
      'nvidia-container-cli: mount error: file creation failed: /m/usr/bin/nvidia-smi: file exists',
      'nvidia-container-cli: some error that nobody has seen yet',
      'error running createContainer hook: /usr/bin/nvidia-cdi-hook: exit status 1',
    ]) {
      const error = refused(engine);
      assert.equal(error.code, 'DEVICE_UNAVAILABLE', engine);
      assert.ok(permitsFallback(error));
    }
  });

  it('is a missing image where it is made for another processor, and no container is missing', () => {
    assert.equal(
      refused('image with reference a was found but does not match the specified platform').code,
      'IMAGE_MISSING',
    );
    assert.equal(refused('error looking up logging plugin foo: plugin "foo" not found').code, 'DOCKER_REFUSED');
    assert.equal(refused('bind: cannot assign requested address').code, 'DOCKER_REFUSED');
    assert.equal(refused('listen tcp 0.0.0.0:80: bind: permission denied').code, 'DOCKER_REFUSED');
    assert.equal(refused('listen tcp 0.0.0.0:80: bind: address already in use').code, 'PORT_IN_USE');
  });

  it('is no missing container where a network is missing', () => {
    const { code, message } = refused('network nonet not found');
    assert.equal(code, 'DOCKER_REFUSED');
    assert.match(
      message,
      /has no network of the name[\s\S]*engine: network nonet not found[\s\S]*fix: docker network ls/,
    );
  });
});
