import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { parseArguments } from '../../../src/server/settings/args.js';
import { flags, variableOf } from '../../../src/server/settings/flag-table.js';

const parse = (line: string, env: Record<string, string> = {}, there: readonly string[] = []) =>
  parseArguments(line === '' ? [] : line.split(' '), {
    env,
    version: '1.2.3',
    readText: () => '{}',
    exists: (path) => there.includes(path),
  });

function settingsOf(line: string, env: Record<string, string> = {}) {
  const invocation = parse(line, env);
  return invocation.kind === 'serve' ? invocation.settings : assert.fail(JSON.stringify(invocation));
}

function refusal(line: string, env: Record<string, string> = {}): string {
  try {
    parse(line, env);
  } catch (thrown) {
    assert.ok(thrown instanceof AppError);
    assert.equal(thrown.code, 'USAGE');
    return thrown.message;
  }
  return assert.fail(`${line} was accepted`);
}

describe('the command line of the server', () => {
  it('listens on 127.0.0.1:8000 with a limit of 64 MiB when nothing is said', () => {
    const settings = settingsOf('');
    assert.equal(`${settings.host}:${settings.port}`, '127.0.0.1:8000');
    assert.equal(settings.limits.bodyBytes, 67_108_864);
    assert.equal(settings.models, undefined);
    assert.ok(settings.limits.keepAliveMs >= 65_000);
  });

  it('takes a flag before its variable, and a variable before the default', () => {
    const env = { SLIPWAY_PORT: '9001', SLIPWAY_HOST: '0.0.0.0', SLIPWAY_REQUIRE_GPU: '1' };
    const settings = settingsOf('--port 9000', env);
    assert.equal(settings.port, 9000);
    assert.equal(settings.host, '0.0.0.0');
    assert.equal(settings.requireGpu, true);
  });

  it('takes an empty variable, and the one that Kubernetes sets for a service named slipway, for none', () => {
    assert.equal(settingsOf('', { SLIPWAY_PORT: '' }).port, 8000);
    assert.equal(settingsOf('', { SLIPWAY_PORT: 'tcp://10.0.0.1:80' }).port, 8000);
  });

  it('takes a path without a flag for --models, also beside flags, and just one', () => {
    assert.equal(settingsOf('m.onnx').models, 'm.onnx');
    assert.equal(settingsOf('--port 9 folder/x --access-log', { SLIPWAY_MODELS: 'y' }).models, 'folder/x');
    assert.match(refusal('a.onnx b.onnx'), /^a\.onnx, b\.onnx: expected one model file or folder/);
    assert.match(refusal('a --models b'), /^b, a: expected one/);
  });

  it('says what to type for words of launch and of other tools, unless models are called so', () => {
    assert.equal(refusal('up -d --variant gpu'), 'slipway has no up.\n  type: launch up -d --variant gpu');
    assert.equal(refusal('ps --json'), 'slipway has no ps.\n  type: launch ps --json');
    assert.equal(refusal('models ls'), 'slipway has no models.\n  type: launch models ls');
    assert.equal(refusal('serve m.onnx --port 9'), 'slipway has no serve.\n  type: slipway m.onnx --port 9');
    assert.equal(refusal('version'), 'slipway has no version.\n  type: slipway --version');
    const served = parse('models --port 9', {}, ['models']);
    assert.deepEqual(served.kind === 'serve' && [served.settings.models, served.settings.port], ['models', 9]);
    assert.equal(settingsOf('./up').models, './up');
    assert.equal(settingsOf('constructor').models, 'constructor');
  });

  it('says of a command that is misspelt, or does not come first, what to type', () => {
    for (const [word, command] of Object.entries({
      predcit: 'predict',
      Bench: 'bench',
      inspct: 'inspect',
      inti: 'init',
    }))
      assert.equal(
        refusal(`${word} x.png`),
        `There is no command ${word}, and no file or folder. Did you mean slipway ${command}?`,
      );
    assert.equal(refusal('--models m predict x.png'), 'The command comes first: slipway predict');
    assert.equal(refusal('--port 9 bench -m digits'), 'The command comes first: slipway bench');
    assert.equal(refusal('help init'), 'slipway has no help.\n  type: slipway init --help');
    assert.equal(refusal('help'), 'slipway has no help.\n  type: slipway --help');
    assert.match(refusal('--modle x'), /^Unknown option '--modle' \(Did you mean --models\?\)\. Type: slipway --help$/);
    const served = parse('predcit', {}, ['predcit']);
    assert.equal(served.kind === 'serve' && served.settings.models, 'predcit');
    for (const folder of ['digits', './predcit', 'predict.onnx']) assert.equal(settingsOf(folder).models, folder);
  });

  it('reads sizes, times, toggles and lists', () => {
    const settings = settingsOf(
      '--max-body-bytes 1G --stop-delay 2.5s --watchdog 2m --access-log --api-keys a,b --open-metrics no',
    );
    assert.equal(settings.limits.bodyBytes, 2 ** 30);
    assert.equal(settings.stop.delayMs, 2500);
    assert.equal(settings.watchdogMs, 120_000);
    assert.equal(settings.log.access, true);
    assert.deepEqual(settings.auth, { keys: ['a', 'b'], openMetrics: false, ratePerSecond: Infinity });
  });

  it('gives every flag a variable of its own', () => {
    const variables = Object.keys(flags).map(variableOf);
    assert.equal(new Set(variables).size, variables.length);
    assert.ok(variables.includes('SLIPWAY_EXECUTION_PROVIDER'));
  });

  it('answers wrong lines with the value, what was expected, and what to type', () => {
    const cases: readonly (readonly [line: string, text: RegExp])[] = [
      ['--port 99999', /^--port 99999: expected a whole number from 0 to 65535\. Type: /],
      ['--port', /'--port <n>' argument missing/],
      ['--prot 80', /Unknown option '--prot'.*Did you mean --port/s],
      ['--execution-provider gpu', /--execution-provider gpu: expected auto, cpu, cuda, tensorrt, webgpu/],
      ['--workers 0', /--workers 0: expected auto or a whole number of 1 or more/],
      ['--max-body-bytes -1', /--max-body-bytes -1: expected a number of bytes/],
      ['--stop-delay soon', /--stop-delay soon: expected a time such as 500ms/],
      ['--request-timeout 36000m', /--request-timeout 36000m: expected a time .*, 24 days at most/],
      ['--grpc-port 8000', /^--port and --grpc-port are both 8000: give each a port of its own\.$/],
      ['--metrics-port 9 --health-port 9', /^--metrics-port and --health-port are both 9:/],
      ['--base-path v2/', /--base-path v2\/: expected a path/],
      ['--log-level loud', /--log-level loud: expected trace, debug/],
    ];
    for (const [line, text] of cases) assert.match(refusal(line), text);
    assert.match(refusal('', { SLIPWAY_PORT: 'x' }), /^SLIPWAY_PORT=x: expected/);
  });

  it('lets several services take any free port', () => {
    const { port, grpcPort, metricsPort } = settingsOf('--port 0 --grpc-port 0 --metrics-port 0');
    assert.deepEqual([port, grpcPort, metricsPort], [0, 0, 0]);
  });

  it('prints its version, and a help that fits a screen', () => {
    assert.deepEqual(parse('--version'), { kind: 'print', text: '1.2.3\n' });
    const help = parse('--help');
    assert.ok(help.kind === 'print');
    const lines = help.text.split('\n');
    assert.ok(lines.length <= 40, `${lines.length} lines`);
    assert.ok(lines.every((line) => line.length <= 110 || line.startsWith('Also')));
    for (const name of ['--models', '--port', '--require-gpu', '--max-pixels'])
      assert.match(help.text, new RegExp(name));
  });
});
