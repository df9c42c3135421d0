import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildxArguments, environmentFor } from '../../../src/launch/docker/build.js';
import type { ContextWorld } from '../../../src/launch/docker/address/context-store.js';
import { parseDockerignore } from '../../../src/launch/docker/build-context.js';
import type { DockerEndpoint } from '../../../src/launch/docker/address/endpoint.js';
import { findRegistryAuth } from '../../../src/store/credentials/registry-auth.js';

describe('.dockerignore', () => {
  const cases: readonly (readonly [rules: string, excluded: readonly string[], kept: readonly string[]])[] = [
    ['*.log', ['a.log'], ['b/a.log', 'alog']],
    ['**/*.log', ['a.log', 'b/a.log', 'b/c/a.log'], ['a.logs']],
    ['node_modules', ['node_modules', 'node_modules/x/y'], ['b/node_modules']],
    ['/dist/', ['dist', 'dist/a'], ['b/dist']],
    ['a/**', ['a/b', 'a/b/c'], ['b']],
    ['a/**/z', ['a/z', 'a/b/c/z'], ['a/zz']],
    ['f?o', ['foo'], ['fo', 'f/o']],
    ['[a-c]x', ['bx'], ['dx']],
    ['*\n!keep\n!deep/keep', ['other', 'deep/other'], ['keep', 'deep/keep']],
    ['!a\na', ['a'], []],
    ['# comment\n\n  spaced  ', ['spaced'], ['# comment']],
    ['./a/../b', ['b'], ['a']],
    ['a.b', ['a.b'], ['axb']],
  ];
  for (const [rules, excluded, kept] of cases) {
    it(`${JSON.stringify(rules)} leaves out ${excluded.join(', ')}`, () => {
      const parsed = parseDockerignore(rules);
      assert.deepEqual(
        excluded.filter((path) => !parsed.excludes(path)),
        [],
      );
      assert.deepEqual(
        kept.filter((path) => parsed.excludes(path)),
        [],
      );
    });
  }
});

describe('a build', () => {
  const endpoint: DockerEndpoint = { url: 'unix:///x.sock', source: '-H', address: { kind: 'unix', path: '/x.sock' } };

  it('by the docker CLI goes to the same engine, whatever the environment names', () => {
    const env = { DOCKER_HOST: 'tcp://other', DOCKER_CONTEXT: 'other', PATH: '/bin' };
    assert.deepEqual(environmentFor(endpoint, env), { PATH: '/bin', DOCKER_HOST: 'unix:///x.sock' });
    assert.deepEqual(environmentFor({ ...endpoint, context: 'far' }, env), { PATH: '/bin', DOCKER_CONTEXT: 'far' });
  });

  it('passes everything that was asked for on', () => {
    const request = {
      context: '/c',
      dockerfile: '/d',
      tags: ['a', 'b'],
      buildArgs: { X: '1=2' },
      target: 't',
      noCache: true,
    };
    assert.deepEqual(
      buildxArguments(request, '/id').slice(4).join(' '),
      '--iidfile /id --file /d --tag a --tag b --build-arg X=1=2 --target t --no-cache /c',
    );
  });
});

describe("a registry's credentials", () => {
  const auth = Buffer.from('me:pass:word').toString('base64');
  const worldOf = (config: object): ContextWorld => ({
    env: {},
    homeFolder: '/h',
    platform: 'linux',
    readText: (path) => Promise.resolve(path === '/h/.docker/config.json' ? JSON.stringify(config) : undefined),
    canUse: () => Promise.resolve(false),
    listFolder: () => Promise.resolve([]),
  });

  it("come from the registry's helper, then the store, then the config file", async () => {
    const asked: string[] = [];
    const ask = (name: string, server: string): Promise<string | undefined> => {
      asked.push(`${name} ${server}`);
      return Promise.resolve(name === 'own' ? '{"Username":"u","Secret":"s"}' : undefined);
    };
    const world = worldOf({
      credsStore: 'store',
      credHelpers: { 'a.b': 'own' },
      auths: { 'https://c.d/v1/': { auth } },
    });
    assert.deepEqual(await findRegistryAuth('a.b', world, ask), { username: 'u', password: 's', serveraddress: 'a.b' });
    assert.deepEqual(await findRegistryAuth('c.d', world, ask), {
      username: 'me',
      password: 'pass:word',
      serveraddress: 'c.d',
    });
    assert.equal(await findRegistryAuth('e.f', world, ask), undefined);
    assert.deepEqual(asked, ['own a.b', 'store c.d', 'store e.f']);
  });

  it('may be a token, and a helper that answers nonsense is named', async () => {
    const world = worldOf({ credsStore: 's' });
    const token = await findRegistryAuth('x', world, () => Promise.resolve('{"Username":"<token>","Secret":"t"}'));
    assert.deepEqual(token, { identitytoken: 't', serveraddress: 'x' });
    await assert.rejects(
      findRegistryAuth('x', world, () => Promise.resolve('oops')),
      /docker-credential-s did not answer with JSON for x/,
    );
    await assert.rejects(
      findRegistryAuth('x', worldOf({ credsStore: 'absent-for-sure' })),
      /names the credential helper docker-credential-absent-for-sure, which cannot be run/,
    );
  });
});
