import { execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, stat, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The file that npm runs from, by the npm that started the tests, or by Node's own folder. */
const npm =
  process.env['npm_execpath'] ??
  join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');

/** Why nothing can be installed here, or undefined: npm reaches its registry, or not. */
export async function findObstacle(): Promise<string | undefined> {
  return run(process.execPath, [npm, 'ping', '--fetch-retries=0'], { env: plainEnvironment(process.env['PATH'] ?? '') })
    .then(() => undefined)
    .catch((error: unknown) => `npm cannot reach its registry: ${String(error).split('\n')[1] ?? ''}`);
}

const settings = /^npm_config_(registry|cafile|userconfig|globalconfig|cache|proxy|https_proxy|noproxy)$/i;

/** What an installer's shell has: how npm reaches its registry, and nothing else of what `npm run` sets for this checkout. */
function plainEnvironment(path: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => settings.test(name) || !/^(npm_|SLIPWAY_|NODE_OPT|NODE_TEST|INIT_CWD)/i.test(name),
  );
  return { ...Object.fromEntries(own), PATH: path };
}

/** A folder that every user may enter. */
export async function openFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `slipway-${name}-`));
  await chmod(folder, 0o755);
  return folder;
}

/** Packs a copy of the checkout, so that its dist stays as it is; answers the tarball. */
export async function packCheckout(folder: string): Promise<string> {
  const copy = join(folder, 'checkout');
  const left = /^(\.git|dist|node_modules|\.ci|\.gpu)(\/|$)/;
  await cp('.', copy, { recursive: true, filter: (path) => !left.test(relative('.', path)) });
  await symlink(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  await run(process.execPath, [npm, 'pack', '--pack-destination', folder], {
    cwd: copy,
    env: plainEnvironment(process.env['PATH'] ?? ''),
    maxBuffer: 2 ** 26,
  });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack wrote no tarball');
  return join(folder, tarball);
}

/** A PATH with Node and a shell on it, and no compiler. */
export async function bareShell(folder: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const path of ['/bin/sh', '/usr/bin/env', process.execPath])
    await symlink(path, join(bin, path.split('/').at(-1)!));
  return { npm_config_userconfig: join(homedir(), '.npmrc'), ...plainEnvironment(bin), HOME: folder };
}

/** Runs npm and answers all that it said. */
export async function runNpm(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [npm, ...args, '--foreground-scripts', '--fetch-retries=1'], {
    ...options,
    timeout: 240_000,
  });
  return stdout + stderr;
}

/** Every file below a folder with its size and last change: equal where nothing was written. */
export async function describeFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true });
  const lines = entries.map(async (entry) => {
    const { size, mtimeMs } = await stat(join(folder, entry));
    return `${entry} ${size} ${mtimeMs}`;
  });
  return (await Promise.all(lines)).sort();
}

/** As whom installed programs run: nobody where the tests run as root, so as another user than who installed. */
export const otherUser =
  process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : { uid: process.getuid!(), gid: process.getgid!() };

/** Starts an installed program; answers its output once it matches. It ends with the test. */
export async function startInstalled(
  context: TestContext,
  command: readonly [string, ...string[]],
  { env, cwd, until }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string; readonly until: RegExp },
): Promise<string> {
  const [file, ...args] = command;
  const child = spawn(file, args, { env, cwd, ...otherUser, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  context.after(() => process.kill(-child.pid!, 'SIGKILL'));
  let text = '';
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      text += chunk.toString();
      if (until.test(text)) resolve(text);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', (code) => reject(new Error(`${command.join(' ')} ended with ${code}: ${text}`)));
  });
}
