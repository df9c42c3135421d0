import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseArguments } from '../../../src/server/settings/args.js';

const exists = (): boolean => false;

/** Settings of a line beside a file. */
function settingsWith(file: unknown, line: readonly string[] = [], env: Record<string, string> = {}) {
  const readText = (path: string): string => {
    assert.equal(path, 'slipway.json');
    return typeof file === 'string' ? file : JSON.stringify(file);
  };
  const invocation = parseArguments(['--config', 'slipway.json', ...line], { env, version: '0', readText, exists });
  return invocation.kind === 'serve' ? invocation.settings : assert.fail(JSON.stringify(invocation));
}

function schemaText(): string {
  const readText = () => assert.fail('no file was named');
  const invocation = parseArguments(['--config-schema'], { env: {}, version: '0', readText, exists });
  return invocation.kind === 'print' ? invocation.text : assert.fail('the schema is not printed');
}

describe('a file of settings', () => {
  it('has the names and values of the flags, and gives way to a variable and a flag', () => {
    const file = {
      $schema: 'x',
      port: 9001,
      'max-body-bytes': '32M',
      'access-log': true,
      'stop-delay': '2s',
      'allow-host': ['a.example', '*.b.example'],
      'base-path': '/x',
      workers: 'auto',
    };
    const settings = settingsWith(file);
    assert.deepEqual(
      [settings.port, settings.limits.bodyBytes, settings.log.access, settings.stop.delayMs, settings.basePath],
      [9001, 2 ** 25, true, 2000, '/x'],
    );
    assert.deepEqual(settings.pages.allowedHosts, ['a.example', '*.b.example']);
    assert.equal(settingsWith(file, [], { SLIPWAY_PORT: '9002' }).port, 9002);
    assert.equal(settingsWith(file, ['--port', '9003'], { SLIPWAY_PORT: '9002' }).port, 9003);
    assert.equal(settingsWith({ 'inline-runs': false }).inlineRuns, false);
  });

  it('may be named by a variable', () => {
    const world = { env: { SLIPWAY_CONFIG: '/etc/slipway.json' }, version: '0', readText: () => '{"port": 7}', exists };
    const invocation = parseArguments([], world);
    assert.equal(invocation.kind === 'serve' && invocation.settings.port, 7);
  });

  it('that is wrong is refused with the key, its value and what was expected', () => {
    const cases: readonly (readonly [file: unknown, text: RegExp])[] = [
      ['{', /slipway\.json is not JSON/],
      ['[]', /slipway\.json is not an object/],
      [{ prot: 1 }, /"prot" is not allowed: expected the name of a flag/],
      [{ maxBodyBytes: 1 }, /"maxBodyBytes" is not allowed/],
      [{ 'key-rates': 1 }, /"key-rates" is not allowed: expected the name of a flag, such as key-rate\. slipway/],
      [{ colour: 1 }, /"colour" is not allowed: expected the name of a flag, such as max-body-bytes\. slipway/],
      [{ supervisor: false }, /"supervisor" is not allowed: it is read before the file/],
      [{ config: 'other' }, /read before the file/],
      [{ port: 99_999 }, /"port": "99999" in the file of --config: expected a whole number from 0 to 65535/],
      [{ port: null }, /"port" is null: expected a string/],
      [{ 'allow-host': [1] }, /"allow-host" is \[1\]/],
      [{ 'allow-host': ['a,b'] }, /"allow-host"/],
    ];
    for (const [file, text] of cases) assert.throws(() => settingsWith(file), text, JSON.stringify(file));
    const unreadable = () =>
      parseArguments(['--config', 'x'], {
        env: {},
        version: '0',
        exists,
        readText: () => {
          throw new Error('ENOENT');
        },
      });
    assert.throws(unreadable, /--config x cannot be read: ENOENT/);
  });

  it('has a schema, published with the documentation, that agrees with what is taken and refused', async () => {
    const text = schemaText();
    const published = JSON.parse(await readFile('docs/config.schema.json', 'utf8')) as unknown;
    assert.deepEqual(published, JSON.parse(text), 'slipway --config-schema > docs/config.schema.json');
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(text) as object);
    const files: readonly (readonly [file: object, isTaken: boolean])[] = [
      [
        {
          port: 8000,
          'request-memory': 'auto',
          workers: 4,
          'keep-alive': '75s',
          'log-level': 'debug',
          'allow-host': ['*'],
        },
        true,
      ],
      [{ 'request-memory': '2G', 'max-pixels': 1, 'compress-from': -1, 'key-rate': 0, 'base-path': '/a/b' }, true],
      [{ port: -1 }, false],
      [{ 'log-level': 'loud' }, false],
      [{ workers: 0 }, false],
      [{ 'max-body-bytes': 'much' }, false],
      [{ 'stop-delay': 'soon' }, false],
      [{ 'base-path': 'v2/' }, false],
      [{ other: 1 }, false],
      [{ supervisor: true }, false],
    ];
    for (const [file, isTaken] of files) {
      assert.equal(validate(file), isTaken, JSON.stringify(file));
      if (isTaken) settingsWith(file);
      else assert.throws(() => settingsWith(file), JSON.stringify(file));
    }
  });
});
