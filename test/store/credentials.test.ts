import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { messageOf } from '../../src/errors.js';
import type { DockerConfigWorld } from '../../src/store/credentials/docker-config.js';
import { findRegistryAuth, runHelper } from '../../src/store/credentials/registry-auth.js';

const encoded = (text: string): string => Buffer.from(text).toString('base64');

function worldOf(config: object, env: Record<string, string> = {}): DockerConfigWorld {
  const readText = (path: string): Promise<string | undefined> =>
    Promise.resolve(path === '/h/.docker/config.json' ? JSON.stringify(config) : undefined);
  return { env, homeFolder: '/h', readText };
}

describe("a registry's credentials in the docker config", () => {
  const stored: readonly (readonly [entry: object, expected: object | undefined])[] = [
    [{ auth: encoded('me:pass:word') }, { username: 'me', password: 'pass:word' }],
    [{ auth: encoded('00000000:tökén') }, { username: '00000000', password: 'tökén' }],
    [{ auth: encoded(':secret') }, { username: '', password: 'secret' }],
    [
      { username: 'me', password: 'a:b' },
      { username: 'me', password: 'a:b' },
    ],
    [{ auth: encoded('me:x'), identitytoken: 't' }, { identitytoken: 't' }],
    [{}, undefined],
    [{ auth: '' }, undefined],
    [{ auth: encoded('no colon') }, undefined],
    [{ auth: 7 }, undefined],
  ];
  for (const [entry, expected] of stored) {
    it(`${JSON.stringify(entry)} gives ${JSON.stringify(expected)}`, async () => {
      const found = await findRegistryAuth('a.b:5000', worldOf({ auths: { 'a.b:5000': entry } }));
      assert.deepEqual(found, expected === undefined ? undefined : { ...expected, serveraddress: 'a.b:5000' });
    });
  }

  it('come from DOCKER_AUTH_CONFIG first, and from the config for registries that it leaves out', async () => {
    const DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { 'a.b': { auth: encoded('ci:1') } } });
    const world = worldOf({ credsStore: 'any', auths: { 'c.d': { auth: encoded('me:2') } } }, { DOCKER_AUTH_CONFIG });
    const asked: string[] = [];
    const ask = (_: string, server: string): Promise<undefined> => {
      asked.push(server);
      return Promise.resolve(undefined);
    };
    assert.equal((await findRegistryAuth('a.b', world, ask))?.username, 'ci');
    assert.equal((await findRegistryAuth('c.d', world, ask))?.username, 'me');
    assert.deepEqual(asked, ['c.d']);
    await assert.rejects(
      findRegistryAuth('a.b', worldOf({}, { DOCKER_AUTH_CONFIG: '{' })),
      /DOCKER_AUTH_CONFIG is not JSON/,
    );
  });

  it('of a helper that answers an empty name and secret are none', async () => {
    const answer = JSON.stringify({ ServerURL: 'a.b', Username: '', Secret: '' });
    assert.equal(await findRegistryAuth('a.b', worldOf({ credsStore: 's' }), () => Promise.resolve(answer)), undefined);
  });
});

describe('a credential helper', { skip: process.platform === 'win32' && 'the helpers are shell scripts' }, () => {
  let folder = '';
  const path = process.env['PATH'] ?? '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-helpers-'));
    process.env['PATH'] = `${folder}${delimiter}${path}`;
  });
  after(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  });
  const write = async (name: string, script: string): Promise<void> => {
    const file = join(folder, `docker-credential-${name}`);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  };

  it('gets the registry on its input and answers', async () => {
    await write(
      'good',
      `read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"u\\",\\"Secret\\":\\"$server-s\\"}"`,
    );
    const found = await findRegistryAuth('a.b:5000', worldOf({ credHelpers: { 'a.b:5000': 'good' } }));
    assert.deepEqual(found, { username: 'u', password: 'a.b:5000-s', serveraddress: 'a.b:5000' });
  });

  it('that knows none, by either output, is no failure', async () => {
    await write('none', 'echo credentials not found in native keychain; exit 1');
    await write('none-aside', 'echo Error: credentials not found in native keychain >&2; exit 1');
    assert.equal(await runHelper('none', 'a.b'), undefined);
    assert.equal(await runHelper('none-aside', 'a.b'), undefined);
  });

  it('that fails is named with what it said, wherever it said it', async () => {
    await write('locked', 'echo "The specified item could not be found in the keychain."; exit 1');
    await write(
      'aside',
      'echo "ERROR: (gcloud.auth.docker-helper) Your current active account" >&2; echo more >&2; exit 1',
    );
    await write('mute', 'exit 3');
    const rest = 'Repair it, or take it out of config.json.';
    const named = (name: string): string =>
      `The docker config names the credential helper docker-credential-${name}, which`;
    const of = (name: string) => runHelper(name, 'a.b').then(String, (thrown: unknown) => messageOf(thrown));
    assert.equal(
      await of('locked'),
      `${named('locked')} failed for a.b: The specified item could not be found in the keychain. ${rest}`,
    );
    assert.equal(
      await of('aside'),
      `${named('aside')} failed for a.b: ERROR: (gcloud.auth.docker-helper) Your current active account. ${rest}`,
    );
    assert.equal(await of('mute'), `${named('mute')} failed for a.b: exit code 3. ${rest}`);
  });

  it('that asks somebody and gets no answer holds nobody up for ever', async () => {
    // The second process keeps the outputs open, as a program does that asks for a password.
    await write('asking', 'sleep 5 & wait');
    await assert.rejects(
      runHelper('asking', 'a.b', 300),
      /docker-credential-asking, which did not answer for a\.b within 0\.3 s\. Repair it/,
    );
  });
});
