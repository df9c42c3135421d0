import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError, messageOf } from '../../../src/errors.js';
import type { Peer } from '../catalogue.js';
import { pickLastWords } from './last-words.js';

const run = promisify(execFile);

/** What setting up needs to know. */
export interface SetupOptions {
  /** Where environments are kept for the next run. */
  readonly cacheFolder: string;
  /** Version of ONNX Runtime, the same for every server. */
  readonly runtime: string;
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
}

/** The exact packages of a server's environment. */
export function requirementsOf({ packages }: Peer, runtime: string): readonly string[] {
  return [`onnxruntime==${runtime}`, 'numpy', ...packages];
}

/** The folder of an environment; other packages are another folder. */
export function environmentName(peer: Peer, runtime: string): string {
  const key = createHash('sha256').update(requirementsOf(peer, runtime).join(' ')).digest('hex').slice(0, 10);
  return `${peer.name}-${key}`;
}

/** The command that runs a server's file, its packages installed before where they are not there. Rejects with NOT_FOUND and the reason where they cannot be installed. */
export async function setUpPeer(peer: Peer, options: SetupOptions): Promise<string> {
  if (peer.tool === 'node') return process.execPath;
  const folder = join(options.cacheFolder, environmentName(peer, options.runtime));
  const python = join(folder, 'bin', 'python');
  if ((await stat(join(folder, '.complete')).catch(() => undefined)) !== undefined) return python;
  await install(peer, folder, options).catch(async (error: unknown) => {
    options.signal.throwIfAborted();
    await rm(folder, { recursive: true, force: true });
    throw new AppError('NOT_FOUND', `its packages cannot be installed: ${lastLines(error)}`);
  });
  await writeFile(join(folder, '.complete'), '');
  return python;
}

async function install(peer: Peer, folder: string, { runtime, signal, narrate, cacheFolder }: SetupOptions) {
  const packages = requirementsOf(peer, runtime);
  await rm(folder, { recursive: true, force: true });
  await mkdir(cacheFolder, { recursive: true });
  const hasUv = await run('uv', ['--version']).then(
    () => true,
    () => false,
  );
  narrate(`${peer.name}: installing ${packages.join(', ')} with ${hasUv ? 'uv' : 'pip'} into ${folder}, once`);
  const limits = { signal, timeout: 600_000, maxBuffer: 2 ** 24 };
  const python = join(folder, 'bin', 'python');
  if (hasUv) {
    await run('uv', ['venv', '--quiet', folder], limits);
    await run('uv', ['pip', 'install', '--quiet', '--python', python, ...packages], limits);
  } else {
    await run('python3', ['-m', 'venv', folder], limits);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], limits);
  }
}

/** What a tool said last of why it failed. */
function lastLines(error: unknown): string {
  const stderr = (error as { stderr?: unknown }).stderr;
  return pickLastWords((typeof stderr === 'string' && stderr.trim() !== '' ? stderr : messageOf(error)).split('\n'));
}

/** Versions of what a server is made of, as its environment says: `fastapi 0.165.0`. */
export async function readVersions(peer: Peer, python: string): Promise<readonly string[]> {
  if (peer.tool === 'node') return [`Node.js ${process.version}`];
  const names = ['onnxruntime', ...peer.packages.map((wanted) => wanted.split('==')[0] ?? '')];
  const code =
    'import sys, importlib.metadata as m; print("Python " + sys.version.split()[0]); [print(n, m.version(n)) for n in sys.argv[1:]]';
  const { stdout } = await run(python, ['-c', code, ...names]);
  return stdout.trim().split('\n');
}
