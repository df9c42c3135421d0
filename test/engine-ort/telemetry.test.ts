import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assertTelemetryOff, disableTelemetry } from '../../src/engine/telemetry.js';

const entry = fileURLToPath(new URL('./telemetry-process.js', import.meta.url));
const hasStrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'slipway-telemetry-'))));
after(() => rm(folder, { recursive: true }));

interface Traces {
  /** Files that appeared in the home and temporary folders. */
  readonly files: readonly string[];
  /** System calls that open a network socket; undefined where they cannot be watched. */
  readonly sockets: readonly string[] | undefined;
}

/** Runs the process with folders of its own and none of the variables that hide telemetry by themselves. */
async function trace(kind: 'runner' | 'bare'): Promise<Traces> {
  const root = join(folder, kind);
  const [home, temporary, log] = [join(root, 'home'), join(root, 'tmp'), join(root, 'calls')];
  for (const path of [home, temporary]) await mkdir(path, { recursive: true });
  const env = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, '.cache'), TMPDIR: temporary };
  const command = [process.execPath, entry, kind];
  const watched = hasStrace ? ['strace', '-f', '-qq', '-e', 'trace=socket', '-o', log, ...command] : command;
  await promisify(execFile)(watched[0] as string, watched.slice(1), { env });
  const files = await Promise.all([home, temporary].map((path) => readdir(path, { recursive: true })));
  const calls = hasStrace ? (await readFile(log, 'utf8')).split('\n') : undefined;
  return { files: files.flat(), sockets: calls?.filter((call) => /socket\(AF_INET/.test(call)) };
}

describe('telemetry of the runtime', () => {
  it('opens no connection and leaves no file, with workers and a weights cache', async () => {
    const { files, sockets } = await trace('runner');
    assert.deepEqual(files, []);
    if (sockets !== undefined) assert.deepEqual(sockets, []);
  });

  it('would leave files if it were on, or this proof would prove nothing', async (t) => {
    if (process.platform !== 'linux') {
      t.skip('the runtime keeps its telemetry files elsewhere on this platform');
      return;
    }
    const { files } = await trace('bare');
    assert.ok(
      files.some((file) => file.includes('.onnxruntime')),
      files.join(', '),
    );
  });

  it('is switched off by one variable, which every thread checks', () => {
    const env: NodeJS.ProcessEnv = { ORT_DISABLE_TELEMETRY: '0' };
    assert.throws(() => assertTelemetryOff(env), /ORT_DISABLE_TELEMETRY is 0, expected 1/);
    disableTelemetry(env);
    assertTelemetryOff(env);
  });
});
