import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Examination } from '../../../src/launch/doctor/check-types.js';
import { judge, worstOf } from '../../../src/launch/doctor/checks.js';
import { couldNotAsk, known } from '../../../src/launch/facts/facts.js';
import { readNvidiaSignal } from '../../../src/launch/decide/gpu/nvidia-signal.js';
import { engine as engineWith, type engines, facts, type hosts } from '../situations.js';

function examination(
  host: keyof typeof hosts,
  on: keyof typeof engines,
  change: Partial<Examination> = {},
): Examination {
  const given = facts(host, on);
  return {
    facts: given,
    signal: readNvidiaSignal(given.host),
    endpoint: {
      url: 'unix:///var/run/docker.sock',
      source: 'default',
      address: { kind: 'unix', path: '/var/run/docker.sock' },
    },
    wantsGpu: false,
    nodeVersion: '20.20.2',
    dockerClient: known('docker client 28.5', ''),
    socket: known('usable', ''),
    port: known({ port: 8000 }, ''),
    freeBytes: known(50e9, '/var/lib/docker'),
    trial: { kind: 'not-tried', reason: 'no GPU' },
    ...change,
  };
}

/** Names of the checks with a status. */
function named(status: string, of: Examination): readonly string[] {
  return judge(of)
    .filter((result) => result.status === status)
    .map(({ name }) => name);
}

describe('doctor', () => {
  it('is content with a machine without a GPU, unless one is wanted', () => {
    assert.equal(worstOf(judge(examination('bare', 'plain'))), 0);
    assert.deepEqual(named('fail', examination('bare', 'plain', { wantsGpu: true })), [
      'driver',
      'toolkit',
      'runtime',
      'CDI',
    ]);
  });

  it('asks of Podman what Podman has: CDI, no runtime, and a version that gives the devices', () => {
    const of = (version: string, host: keyof typeof hosts = 'l4'): Examination => {
      const given = examination(host, 'podman', { wantsGpu: true });
      const engine = engineWith({ kind: 'podman', version, apiVersion: '1.41', runtimes: ['crun', 'nvidia'] });
      return { ...given, facts: { ...given.facts, engine } };
    };
    const check = (name: string, given: Examination) => judge(given).find((one) => one.name === name);
    assert.equal(check('API version', of('5.4.2'))?.status, 'ok');
    assert.equal(check('runtime', of('5.4.2'))?.status, 'skip');
    assert.match(
      check('toolkit', of('5.4.2'))?.fix ?? '',
      /nvidia-ctk cdi generate --output=\/etc\/cdi\/nvidia\.yaml$/,
    );
    const found = check('CDI', of('5.4.2'));
    assert.deepEqual([found?.status, found?.evidence.split(',')[0]], ['ok', 'nvidia.com/gpu=0']);
    const old = check('CDI', of('4.9.3'));
    assert.deepEqual([old?.status, old?.evidence], ['fail', 'Podman 4.9.3']);
    assert.match(old?.fix ?? '', /update Podman to 5\.4/);
    const given = of('5.4.2');
    const host = { ...given.facts.host, cdiDevices: known([], '') };
    const none = check('CDI', { ...given, facts: { ...given.facts, host } });
    assert.deepEqual([none?.status, none?.evidence], ['fail', 'no nvidia.com/gpu device in /etc/cdi, /var/run/cdi']);
    assert.match(none?.fix ?? '', /nvidia-ctk cdi generate/);
  });

  it("starts a user's own Podman, where its socket is missing or root's", () => {
    const path = '/run/podman/podman.sock';
    const endpoint = { url: `unix://${path}`, source: "Podman's socket", address: { kind: 'unix', path } } as const;
    for (const [state, name] of [
      ['missing', 'socket'],
      ['forbidden', 'permission'],
    ] as const) {
      const results = judge(examination('bare', 'none', { endpoint, socket: known(state, '') }));
      assert.match(results.find((one) => one.name === name)?.fix ?? '', /^systemctl --user start podman\.socket/);
    }
  });

  it('goes through its checks in order', () => {
    assert.deepEqual(
      judge(examination('bare', 'plain')).map(({ name }) => name),
      [
        'client',
        'socket',
        'permission',
        'engine',
        'API version',
        'driver',
        'toolkit',
        'runtime',
        'CDI',
        'start with GPU',
        'image',
        'port',
        'disk space',
      ],
    );
  });

  it('warns of a GPU that no container can get', () => {
    assert.deepEqual(named('warn', examination('l4', 'plain')), ['toolkit', 'runtime', 'CDI']);
    assert.deepEqual(named('warn', examination('noDriver', 'plain')), ['driver']);
    assert.deepEqual(named('warn', examination('l4', 'cdiListed')), ['toolkit']);
  });

  it('fails on an engine that does not answer, with what to do', () => {
    const results = judge(examination('bare', 'none', { socket: known('missing', '') }));
    assert.deepEqual(
      results.filter(({ status }) => status === 'fail').map(({ name }) => name),
      ['socket', 'engine'],
    );
    for (const { status, cause, fix } of results)
      if (status === 'fail') assert.ok(cause !== undefined && fix !== undefined);
    assert.equal(worstOf(results), 2);
  });

  it('asks for no toolkit, runtime or CDI device where a start with a GPU worked', () => {
    const worked = { kind: 'worked', way: 'gpus', output: 'GPU 0' } as const;
    for (const name of ['toolkit', 'runtime', 'CDI']) {
      const found = (trial?: typeof worked) =>
        judge(examination('l4', 'plain', trial === undefined ? {} : { trial })).find((check) => check.name === name);
      assert.notEqual(found()?.status, 'ok', `${name} is missing in this situation`);
      assert.deepEqual(
        [found(worked)?.status, found(worked)?.evidence.endsWith('a start by gpus worked')],
        ['ok', true],
        name,
      );
    }
  });

  it('warns of a GPU that a daemon-reload would take away: by a hook, or an old runtime, under systemd', () => {
    const found = (way: string, { driver = 'systemd', toolkit = '1.17.8' } = {}) => {
      const given = examination('l4', 'plain', { trial: { kind: 'worked', way, output: 'GPU 0' } });
      assert.ok(given.facts.engine.state === 'known');
      const { value } = given.facts.engine;
      const engine = known({ ...value, info: { ...value.info, cgroupDriver: driver } }, '');
      const host = { ...given.facts.host, toolkit: known([`nvidia-ctk ${toolkit}`, 'nvidia-cdi-hook'], '') };
      return judge({ ...given, facts: { ...given.facts, engine, host } }).find(({ name }) => name === 'start with GPU');
    };
    for (const result of [found('gpus'), found('runtime'), found('gpus', { toolkit: '1.18.0' })]) {
      assert.equal(result?.status, 'warn');
      assert.match(result.cause ?? '', /daemon-reload/);
      assert.match(result.fix ?? '', /nvidia-ctk cdi generate/);
    }
    for (const result of [found('cdi'), found('gpus', { driver: 'cgroupfs' }), found('runtime', { toolkit: '1.18.0' })])
      assert.equal(result?.status, 'ok');
  });

  it('warns of a GPU that its driver lists and that computes nothing', () => {
    const given = examination('l4', 'plain');
    assert.ok(given.signal.kind === 'present');
    const hindrances = [{ cause: 'its compute mode is Prohibited', fix: 'sudo nvidia-smi -c DEFAULT' }];
    const gpus = given.signal.gpus.map((gpu) => (gpu.index === 1 ? { ...gpu, hindrances } : gpu));
    const result = judge({ ...given, signal: { ...given.signal, gpus } }).find(({ name }) => name === 'driver');
    assert.equal(result?.status, 'warn');
    assert.equal(result.cause, 'GPU 1: its compute mode is Prohibited');
    assert.equal(result.fix, 'sudo nvidia-smi -c DEFAULT');
  });

  it('says that no image with CUDA is made for arm64, where a GPU is there or wanted', () => {
    const image = (of: Examination) => judge(of).find(({ name }) => name === 'image');
    const jetson = image(examination('jetson', 'arm'));
    assert.equal(jetson?.status, 'warn');
    assert.match(jetson.cause ?? '', /built for amd64 alone/);
    assert.equal(image(examination('bare', 'arm', { wantsGpu: true }))?.status, 'fail');
    assert.notEqual(image(examination('bare', 'arm'))?.status, 'fail');
    assert.doesNotMatch(image(examination('l4', 'plain', { wantsGpu: true }))?.cause ?? '', /amd64/);
  });

  it('explains a trial that failed by the text that the engine gave', () => {
    const trial = {
      kind: 'failed',
      way: 'gpus',
      text: 'could not select device driver "nvidia" with capabilities: [[gpu]]',
    } as const;
    const result = judge(examination('l4', 'plain', { trial })).find(({ name }) => name === 'start with GPU');
    assert.equal(result?.status, 'fail');
    assert.match(result.fix ?? '', /nvidia-container-toolkit/);
  });

  it('tells other findings apart', () => {
    const of = (change: Partial<Examination>) => [
      ...named('warn', examination('bare', 'plain', change)),
      ...named('fail', examination('bare', 'plain', change)),
    ];
    assert.deepEqual(of({ nodeVersion: '18.20.0' }), ['client']);
    assert.deepEqual(of({ dockerClient: known('', 'no docker client on PATH') }), ['client']);
    assert.deepEqual(of({ socket: known('forbidden', '') }), ['permission']);
    assert.deepEqual(of({ port: known({ port: 8000, holder: '' }, '') }), ['port']);
    assert.deepEqual(of({ port: known({ port: 8000, holder: 'slipway-cpu' }, '') }), []);
    assert.deepEqual(of({ freeBytes: known(5e8, '/') }), ['disk space']);
    assert.deepEqual(of({ freeBytes: couldNotAsk('elsewhere') }), []);
    assert.deepEqual(named('fail', examination('bare', 'windows')), ['engine']);
    assert.deepEqual(named('warn', examination('bare', 'old')), ['API version']);
  });
});
