import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBenchArguments } from '../../bench/args.js';
import { peerNames } from '../../bench/peers/catalogue.js';
import { realModelNames } from '../../bench/peers/real-models/catalogue.js';
import type { GpuFacts } from '../../bench/types.js';
import { defaultSweep, quickMethod, type BenchSettings } from '../../bench/settings.js';
import { chooseNames } from '../../bench/choose-targets.js';
import { parseOrigin } from '../../bench/targets/url.js';

function settingsOf(...argv: string[]): BenchSettings {
  const invocation = parseBenchArguments(argv);
  assert.equal(invocation.kind, 'measure');
  return (invocation as { settings: BenchSettings }).settings;
}

describe('the flags of the benchmark', () => {
  it('need not be there', () => {
    const { models, targets, urls, sweep, baseline, tune } = settingsOf();
    assert.deepEqual(
      { models, targets, urls, baseline, tune },
      { models: [], targets: 'auto', urls: [], baseline: undefined, tune: undefined },
    );
    assert.deepEqual(sweep, defaultSweep);
  });

  it('change what they name', () => {
    assert.deepEqual(settingsOf('--quick').method, quickMethod);
    assert.deepEqual(settingsOf('--model', 'a', '--model', 'b.onnx').models, ['a', 'b.onnx']);
    assert.equal(settingsOf('--models', 'dir').modelsFolder, 'dir');
    assert.deepEqual(settingsOf('--target', 'native-webgpu').targets, ['native-webgpu']);
    assert.deepEqual(settingsOf('--target', 'native-cpu,container-cpu').targets, ['native-cpu', 'container-cpu']);
    assert.deepEqual(settingsOf('--target', 'none', '--url', 'http://h:1').targets, []);
    assert.deepEqual(settingsOf('--url', 'http://h:1', '--header', 'x-key: a b').headers, { 'x-key': 'a b' });
    assert.deepEqual(settingsOf('--concurrency', '1,4', '--batch', '8').sweep.concurrencies, [1, 4]);
    assert.deepEqual(settingsOf('--batch', '8').sweep.batches, [8]);
    const { rates, ratesAre } = settingsOf('--rate', '100, 200').sweep;
    assert.deepEqual([rates, ratesAre], [[100, 200], 'absolute']);
    assert.equal(settingsOf('--dim', '16').variable, 16);
    assert.deepEqual(settingsOf('--json', 'a', '--html', 'b', '--csv', 'c').files, { json: 'a', html: 'b', csv: 'c' });
    assert.deepEqual(settingsOf('--baseline', 'old', '--fail-on', '2.5%').baseline, { file: 'old', failOn: 0.025 });
    assert.equal(settingsOf('--baseline', 'old').baseline?.failOn, 0.05);
    assert.deepEqual(settingsOf('--tune', '--latency-target', '1.5s', '--write').tune, {
      latencyTargetMs: 1500,
      write: true,
    });
  });

  it('compare with all peers, or with those named, at all works or some', () => {
    assert.deepEqual(settingsOf('--peers').peers, {
      names: peerNames,
      works: ['tensor', 'image', 'json'],
      realModels: [],
    });
    assert.deepEqual(settingsOf('--peers', 'fastapi, mlserver', '--work', 'json').peers, {
      names: ['fastapi', 'mlserver'],
      works: ['json'],
      realModels: [],
    });
    assert.deepEqual(settingsOf('--real-models').peers, { names: [], works: [], realModels: realModelNames });
    assert.deepEqual(settingsOf('--real-models', 'magika', '--peers').peers?.realModels, ['magika']);
  });

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--fast'], /Unknown option '--fast'.*--help/],
    [['--quik'], /Did you mean --quick\?/],
    [['model.onnx'], /Too many arguments/],
    [['--model'], /--model <name\|file>' argument missing/],
    [['--target', 'gpu'], /--target gpu: expected one of native-cpu, .*Type: npm run bench -- --target native-cpu/],
    [['--batch', '0'], /--batch 0: expected whole numbers from 1 .*--batch 1,8,32/],
    [['--rate', 'fast'], /--rate fast/],
    [['--dim', '0'], /--dim 0: expected one whole number from 1 to 65536\. Type: .*--dim 128$/],
    [['--dim', '8,16'], /--dim 8,16: expected one whole number/],
    [['--dim', '65537'], /--dim 65537: expected one whole number/],
    [['--baseline', 'x', '--fail-on', '100%'], /--fail-on 100%: .*below 100%/],
    [['--fail-on', '5%'], /--fail-on needs a report.*--baseline old\.json --fail-on 5%/],
    [['--baseline', 'x', '--fail-on', '5'], /--fail-on 5: expected a percentage such as 5%/],
    [['--latency-target', '5ms'], /--tune --latency-target 5ms/],
    [['--tune', '--latency-target', '5'], /expected a time such as 20ms/],
    [['--write'], /--tune --write/],
    [['--peers', 'fastapi,flask'], /--peers fastapi,flask: flask is not one of fastapi, .*--peers fastapi,/],
    [['--peers', '--work', 'video'], /--work video: video is not one of tensor, image, json/],
    [['--work', 'json'], /--work belongs to --peers.*--peers --work json/],
    [['--peers', '--tune'], /--tune cannot be combined with --peers or --real-models/],
    [['--real-models', 'yolo'], /--real-models yolo: yolo is not one of ultraface, magika, silero-vad/],
    [['--header', 'a: b'], /--header belongs to --url/],
    [['--url', 'http://h', '--header', 'nonsense'], /expected 'name: value'/],
  ];
  for (const [argv, message] of wrong) {
    it(`refuse ${argv.join(' ')} with what to type`, () => {
      assert.throws(() => parseBenchArguments(argv), { code: 'USAGE', message });
    });
  }

  it('are explained on one screen', () => {
    const invocation = parseBenchArguments(['--help']);
    assert.equal(invocation.kind, 'print');
    const lines = (invocation as { text: string }).text.split('\n');
    assert.ok(lines.length <= 40 && Math.max(...lines.map((line) => line.length)) <= 110, `${lines.length} lines`);
  });
});

describe('the targets', () => {
  const none: GpuFacts = { gpus: [], driver: null, cuda: null, evidence: [] };
  const nvidia: GpuFacts = { gpus: [{ name: 'H200', memoryBytes: 1 }], driver: '570', cuda: '12.8', evidence: [] };

  it('are the CPU, a GPU where there is one, and containers where there is an engine', () => {
    const names = (gpu: GpuFacts, hasEngine: boolean, ...argv: string[]) =>
      chooseNames({ settings: settingsOf(...argv), gpu, hasEngine });
    assert.deepEqual(names(none, false), ['native-cpu']);
    assert.deepEqual(names(none, true), ['native-cpu', 'container-cpu']);
    assert.deepEqual(names(none, true, '--quick'), ['native-cpu']);
    assert.deepEqual(names(nvidia, true), [
      'native-cpu',
      'native-cuda',
      'native-webgpu',
      'container-cpu',
      'container-gpu',
    ]);
    assert.deepEqual(names(nvidia, true, '--target', 'container-cuda'), ['container-cuda']);
  });

  it('may be addresses', () => {
    assert.deepEqual(parseOrigin('http://[::1]:9/base/', { a: 'b' }), {
      host: '::1',
      port: 9,
      basePath: '/base',
      headers: { a: 'b' },
    });
    assert.throws(() => parseOrigin('https://h', {}), { code: 'USAGE', message: /--url http:\/\/127\.0\.0\.1:8000/ });
    assert.throws(() => parseOrigin('h:80', {}), { code: 'USAGE' });
  });
});
