import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Examination } from '../../../src/launch/doctor/check-types.js';
import { judge, worstOf } from '../../../src/launch/doctor/checks.js';
import { diagnose, knownFailures } from '../../../src/launch/failures/table.js';
import { couldNotAsk, known } from '../../../src/launch/facts/facts.js';
import { readNvidiaSignal } from '../../../src/launch/decide/gpu/nvidia-signal.js';
import { type engines, facts, type hosts } from '../situations.js';

/** Texts as engines, runtimes and libraries printed them, with the row that explains each. */
const recorded: readonly (readonly [id: string, text: string])[] = [
  ['no-hook', 'could not select device driver "" with capabilities: [[gpu]]'],
  ['no-hook', 'could not select device driver "nvidia" with capabilities: [[gpu]]'],
  ['no-vendor', 'failed to discover GPU vendor from CDI: no known GPU vendor found'],
  ['amd-instead', 'AMD CDI spec not found'],
  ['cdi-off', 'could not select device driver "cdi" with capabilities: []'],
  ['cdi-unresolvable', 'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7'],
  ['no-runtime', 'unknown or invalid runtime name: nvidia'],
  ['no-runtime', 'Unknown runtime specified nvidia'],
  ['runtime-gone', 'fork/exec /usr/bin/nvidia-container-runtime: no such file or directory'],
  [
    'no-driver-library',
    "error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file",
  ],
  ['driver-not-loaded', 'nvidia-container-cli: initialization error: nvml error: driver not loaded'],
  ['version-mismatch', 'nvidia-container-cli: initialization error: nvml error: driver/library version mismatch'],
  ['wsl-no-adapter', 'WSL environment detected but no adapters were found'],
  ['cuda-requirement', 'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8'],
  ['unknown-device', 'nvidia-container-cli: device error: 7: unknown device'],
  [
    'rootless-cgroups',
    'mount error: failed to add device rules: bpf_prog_query(BPF_CGROUP_DEVICE) failed: operation not permitted',
  ],
  [
    'hook-direct',
    'invoking the NVIDIA Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is not supported',
  ],
  ['no-modeset', 'stat failed: /dev/nvidia-modeset: no such file or directory'],
  ['gpu-lost', 'Failed to initialize NVML: Unknown Error'],
  ['selinux', 'Failed to initialize NVML: Insufficient Permissions'],
  ['smi-no-driver', "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
  ['no-libcuda', 'libcuda.so.1: cannot open shared object file: No such file or directory'],
  ['driver-insufficient', 'CUDA driver version is insufficient for CUDA runtime version'],
  ['no-cuda-device', 'CUDA failure 100: no CUDA-capable device is detected'],
  ['compat', 'system has unsupported display driver / cuda driver combination'],
  ['uvm', 'cuda error 999: unknown error'],
  ['cuda-libraries', 'Failed to create CUDAExecutionProvider. Require cuDNN 9.* and CUDA 12.*'],
  ['cuda-libraries', 'libcublasLt.so.12: cannot open shared object file'],
  ['no-smi', 'exec: "nvidia-smi": executable file not found in $PATH'],
  [
    'device-missing',
    'error gathering device information while adding custom device "/dev/video9": no such file or directory',
  ],
  ['mount-missing', 'invalid mount config for type "bind": bind source path does not exist: /nowhere'],
  ['port-taken', 'Bind for 127.0.0.1:8000 failed: port is already allocated'],
  ['socket', 'connect EACCES /var/run/docker.sock'],
  [
    'socket',
    'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
  ],
  [
    'ssh',
    'ssh to me@box failed: ssh: connect to host box port 22: Connection refused. To test: ssh me@box docker version',
  ],
  ['old-client', 'client version 1.25 is too old. Minimum supported API version is 1.44'],
  ['network-missing', 'network nonet not found'],
  ['no-space', 'write /var/lib/docker/tmp/x: no space left on device'],
  ['no-init', 'exec: "docker-init": executable file not found in $PATH'],
  ['platform', 'no match for platform in manifest: not found'],
];

describe('failure table', () => {
  for (const [id, text] of recorded) {
    it(`knows "${text.slice(0, 60).replaceAll('\n', ' ')}" as ${id}`, () => {
      assert.equal(diagnose(text)?.id, id);
    });
  }

  it('has a recorded text, a cause and a fix for every row, and no two of one id', () => {
    const ids = knownFailures.map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id) => !recorded.some(([row]) => row === id)),
      [],
    );
    assert.equal(new Set(ids).size, ids.length);
    for (const { cause, fix } of knownFailures) assert.ok(cause.length > 10 && fix.length > 5 && !fix.includes('\n'));
  });

  it('says nothing of a text never seen', () => {
    assert.equal(diagnose('the moon is full'), undefined);
  });
});

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
