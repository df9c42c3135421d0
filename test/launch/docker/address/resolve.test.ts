import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWorld } from '../../../../src/launch/docker/open.js';
import { parseAddress, resolveEndpoint } from '../../../../src/launch/docker/address/resolve.js';
import type { ContextWorld } from '../../../../src/launch/docker/address/context-store.js';
import { sshArguments } from '../../../../src/launch/docker/address/ssh-agent.js';

type Files = Readonly<Record<string, string>>;

/** A machine with these files and variables and nothing else. */
function worldOf(files: Files, env: Record<string, string> = {}, platform: NodeJS.Platform = 'linux'): ContextWorld {
  return {
    env,
    homeFolder: '/home/me',
    platform,
    readText: (path) => Promise.resolve(files[path]),
    canUse: (path) => Promise.resolve(path in files),
    listFolder: (path) => {
      const below = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
      return Promise.resolve([...new Set(below.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))]);
    },
  };
}

const sha = (name: string): string => createHash('sha256').update(name).digest('hex');

/** Files of a stored context, as `docker context create` writes them. */
function contextFiles(name: string, host: string, tls: Files = {}): Files {
  const folder = '/home/me/.docker/contexts';
  const pem = Object.entries(tls).map(([file, text]) => [`${folder}/tls/${sha(name)}/docker/${file}`, text]);
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } };
  const files: Files = { [`${folder}/meta/${sha(name)}/meta.json`]: JSON.stringify(meta) };
  return { ...files, ...(Object.fromEntries(pem) as Files) };
}

const config = (value: object): Files => ({ '/home/me/.docker/config.json': JSON.stringify(value) });

describe("the engine's address", () => {
  const contexts = { ...contextFiles('one', 'unix:///one.sock'), ...contextFiles('two', 'ssh://me@box:2222') };
  const everything = { ...contexts, ...config({ currentContext: 'two' }), '/var/run/docker.sock': '' };

  it('goes by --context, -H, DOCKER_HOST, DOCKER_CONTEXT, the config file and the default, in this order', async () => {
    const env = { DOCKER_HOST: 'tcp://h:1', DOCKER_CONTEXT: 'two' };
    const of = async (request: object, vars: Record<string, string>, files: Files = everything) =>
      (await resolveEndpoint(request, worldOf(files, vars))).url;
    assert.equal(await of({ context: 'one' }, env), 'unix:///one.sock');
    assert.equal(await of({ host: 'tcp://flag:2375' }, env), 'tcp://flag:2375');
    assert.equal(await of({}, env), 'tcp://h:1');
    assert.equal(await of({}, { DOCKER_CONTEXT: 'one' }), 'unix:///one.sock');
    assert.equal(await of({}, {}), 'ssh://me@box:2222');
    assert.equal(await of({}, { DOCKER_CONTEXT: 'default' }), 'unix:///var/run/docker.sock');
    assert.equal(await of({}, {}, { '/var/run/docker.sock': '' }), 'unix:///var/run/docker.sock');
    assert.equal(await of({}, {}, {}), 'unix:///var/run/docker.sock');
  });

  it('says where the settings cannot be read, which is not the same as having none', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-docker-'));
    test.after(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'config.json'));
    const world = readWorld({ env: { DOCKER_CONFIG: folder }, homeFolder: folder, platform: 'linux' });
    const { source } = await resolveEndpoint({}, { ...world, canUse: () => Promise.resolve(false) });
    assert.equal(source, `the default socket; Cannot read ${folder}/config.json: it is not a regular file`);
  });

  it('refuses --context together with -H', async () => {
    await assert.rejects(resolveEndpoint({ context: 'one', host: 'tcp://h' }, worldOf(everything)), /Give one of them/);
  });

  it('names the contexts that exist when one does not', async () => {
    await assert.rejects(
      resolveEndpoint({ context: 'onne' }, worldOf(everything)),
      /no docker context "onne" \(--context onne\)\. There is "default", "one", "two"\./,
    );
  });

  it('of a damaged context is refused with what makes it anew, and hides none of the others', async () => {
    const meta = '/home/me/.docker/contexts/meta';
    for (const text of ['null', '5', '{"Name":"bad"}', '{"Name":"bad","Endpoints":{"docker":{"Host":5}}}']) {
      const world = worldOf({ ...everything, [`${meta}/${sha('bad')}/meta.json`]: text });
      await assert.rejects(
        resolveEndpoint({ context: 'bad' }, world),
        /has no engine address.*: docker context rm -f bad, /,
      );
    }
    for (const text of ['{', '', 'null']) {
      const world = worldOf({ ...everything, [`${meta}/${sha('bad')}/meta.json`]: text });
      await assert.rejects(
        resolveEndpoint({ context: 'none' }, world),
        /no docker context "none".*"default", "one", "two"\.$/,
      );
    }
  });

  it('is the default one where the settings are no JSON, and says which file that is', async () => {
    const world = worldOf({ '/home/me/.docker/config.json': '{' });
    const { url, source } = await resolveEndpoint({}, world);
    assert.equal(url, 'unix:///var/run/docker.sock');
    assert.match(source, /^the default socket; \/home\/me\/\.docker\/config\.json is not JSON/);
    await assert.rejects(resolveEndpoint({ context: 'one' }, world), /no docker context "one"/);
  });

  it('falls back to the other known sockets, each by its name', async () => {
    const env = { XDG_RUNTIME_DIR: '/run/user/1000' };
    const cases: readonly (readonly [string, RegExp])[] = [
      ['/run/user/1000/docker.sock', /rootless/],
      ['/home/me/.docker/run/docker.sock', /Desktop/],
      ['/home/me/.docker/desktop/docker.sock', /Desktop/],
      ['/run/user/1000/podman/podman.sock', /Podman/],
      ['/run/podman/podman.sock', /Podman/],
    ];
    for (const [path, source] of cases) {
      const found = await resolveEndpoint({}, worldOf({ [path]: '' }, env));
      assert.equal(found.url, `unix://${path}`);
      assert.match(found.source, source);
    }
    const both = worldOf({ '/run/user/1000/docker.sock': '', '/run/podman/podman.sock': '' }, env);
    assert.match((await resolveEndpoint({}, both)).source, /rootless/);
  });

  it('uses the named pipe on Windows', async () => {
    const { address } = await resolveEndpoint({}, worldOf({}, {}, 'win32'));
    assert.deepEqual(address, { kind: 'npipe', path: '//./pipe/docker_engine' });
  });

  it("takes a context's certificates, and its port 2376 with them", async () => {
    const files = contextFiles('far', 'tcp://far', { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' });
    const endpoint = await resolveEndpoint({ context: 'far' }, worldOf(files));
    const tls = { ca: 'CA', cert: 'CERT', key: 'KEY', skipVerify: false };
    assert.deepEqual(endpoint.address, { kind: 'tcp', host: 'far', port: 2376, tls });
    assert.equal(endpoint.remoteHost, 'far');
  });

  it('takes the certificates of DOCKER_CERT_PATH only when TLS is asked for', async () => {
    const files = { '/certs/ca.pem': 'CA' };
    const host = { DOCKER_HOST: 'tcp://far:9', DOCKER_CERT_PATH: '/certs' };
    const plain = await resolveEndpoint({}, worldOf(files, host));
    assert.deepEqual(plain.address, { kind: 'tcp', host: 'far', port: 9 });
    const secure = await resolveEndpoint({}, worldOf(files, { ...host, DOCKER_TLS_VERIFY: '1' }));
    assert.deepEqual(secure.address, { ...plain.address, tls: { ca: 'CA', skipVerify: false } });
  });

  it('reads every form of address, and refuses what is none', () => {
    const parse = (text: string) => parseAddress(text, { source: '-H', defaultPort: 2375 });
    assert.deepEqual(parse('box:99'), { kind: 'tcp', host: 'box', port: 99 });
    assert.deepEqual(parse('tcp://[::1]:80'), { kind: 'tcp', host: '::1', port: 80 });
    assert.deepEqual(parse('http://box:80'), { kind: 'tcp', host: 'box', port: 80 });
    assert.deepEqual(parse('unix:///x.sock'), { kind: 'unix', path: '/x.sock' });
    assert.deepEqual(parse('npipe:////./pipe/p'), { kind: 'npipe', path: '//./pipe/p' });
    assert.deepEqual(parse('ssh://me@box/run/d.sock'), {
      kind: 'ssh',
      destination: 'me@box',
      socketPath: '/run/d.sock',
    });
    assert.deepEqual(parse('TCP://box:1'), { kind: 'tcp', host: 'box', port: 1 });
    assert.deepEqual(parse('tcp://box:1/'), { kind: 'tcp', host: 'box', port: 1 });
    const paths = ['tcp://box:1/prefix', 'var/run/docker.sock', '/var/run/docker.sock', 'unix:/var/run/docker.sock'];
    for (const text of ['', 'ftp://box', 'tcp://', 'ssh://', ...paths])
      assert.throws(() => parse(text), /not an engine address/);
  });

  it('knows which engines are on another machine', async () => {
    const hostOf = async (host: string) => (await resolveEndpoint({ host }, worldOf({}))).remoteHost;
    assert.equal(await hostOf('tcp://127.0.0.1:2375'), undefined);
    assert.equal(await hostOf('tcp://[::1]:2375'), undefined);
    assert.equal(await hostOf('ssh://me@box'), 'box');
    assert.equal(await hostOf('tcp://10.0.0.7'), '10.0.0.7');
  });

  it('reaches an engine over ssh as the docker CLI does, the destination never read as an option', () => {
    const address = { kind: 'ssh', destination: '-oProxyCommand=x', port: 22, socketPath: '/s' } as const;
    const args = sshArguments(address);
    assert.equal(args[args.indexOf('--') + 1], '-oProxyCommand=x');
    assert.deepEqual(args.slice(-5), ['docker', '--host', 'unix:///s', 'system', 'dial-stdio']);
  });
});
