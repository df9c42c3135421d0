import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chown, copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { listContext, parseDockerignore } from '../../src/launch/docker/build-context.js';
import { dockerfiles } from '../docker/dockerfile.js';
import { urlOf } from '../support/server-process.js';
import * as installation from './installation.js';

const run = promisify(execFile);
const obstacle = await installation.findObstacle();
const skip = obstacle ?? false;
if (skip !== false && process.env['REQUIRE_INSTALL'] === '1') throw new Error(skip);
if (skip !== false) console.log(`skipped: ${skip}`);

/** Says anything that a user would have to ask about: engines, downloads, compilers. */
const complaint = /EBADENGINE|npm error|gyp (ERR|info)|Downloading|ENOTFOUND/;

describe('the packed package', { skip }, () => {
  let folder = '';
  let tarball = '';
  let prefix = '';
  let env: NodeJS.ProcessEnv = {};
  let said = '';
  const inside = (...path: readonly string[]): string => join(prefix, 'lib', 'node_modules', 'slipway', ...path);

  before(async () => {
    folder = await installation.openFolder('install');
    tarball = await installation.packCheckout(folder);
    prefix = join(folder, 'prefix');
    env = await installation.bareShell(folder);
    said = await installation.runNpm(['install', '--global', '--prefix', prefix, tarball], { env, cwd: folder });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A home of the user who runs what was installed. */
  async function openHome(context: TestContext): Promise<{ env: NodeJS.ProcessEnv; home: string }> {
    const home = await installation.openFolder('home');
    context.after(() => rm(home, { recursive: true, force: true }));
    const { uid, gid } = installation.otherUser;
    await chown(home, uid, gid);
    return { home, env: { ...env, HOME: home, TMPDIR: home, XDG_CACHE_HOME: '', XDG_STATE_HOME: '' } };
  }

  it('installs without a compiler, a download beside npm, or a warning about engines', async () => {
    assert.doesNotMatch(said, complaint);
    const packages = await readdir(inside('node_modules'));
    assert.ok(!packages.includes('cpu-features'), 'what npm would compile is left out');
    const natives = await readdir(inside('node_modules/onnxruntime-node/bin/napi-v6/linux/x64'));
    assert.ok(!natives.some((name) => name.includes('providers_cuda')), natives.join());
    assert.ok(!(await readdir(inside('node_modules/ssh2/lib/protocol/crypto'))).includes('build'));
  });

  it('holds what runs, its types and what images are built from, and no tests', async () => {
    const entries = await readdir(inside(), { recursive: true });
    const own = entries.filter((path) => !path.startsWith('node_modules'));
    for (const path of [
      'dist/src/client/index.d.ts',
      'dist/src/server/main.js',
      'dist/joined/server-main/main.js',
      'docker/Dockerfile.gpu',
      'src/errors.ts',
    ])
      assert.ok(own.includes(path), path);
    assert.deepEqual(
      own.filter((path) => /(^|\/)test(\/|$)|\.test\.|held-out|^(?!examples\/python\/).*\.py$/.test(path)),
      [],
    );
    for (const name of ['slipway.1', 'launch.1'])
      assert.match(
        await readFile(join(prefix, 'share/man/man1', name), 'utf8'),
        /^\.TH \w+ 1 \d{4}-\d\d-\d\d "slipway/m,
      );
    assert.match((await run(join(prefix, 'bin/launch'), ['--help'], { env })).stdout, /launch --mount/);
    assert.match((await run(join(prefix, 'bin/slipway'), ['--help'], { env })).stdout, /Usage: slipway/);
  });

  it('gives a builder all that the Dockerfiles copy, the lock file among it', async () => {
    const rules = parseDockerignore(await readFile(inside('.dockerignore'), 'utf8'));
    const sent = await listContext(inside(), rules);
    const isSent = (path: string): boolean => sent.some((name) => name === path || name.startsWith(`${path}/`));
    for (const { tree } of dockerfiles) {
      for (const copy of tree.getCOPYs().filter((copy) => !copy.getTextContent().includes('--from='))) {
        const paths = copy.getArguments().map((argument) => argument.getValue());
        for (const path of paths.slice(0, -1)) assert.ok(path.endsWith(']') || isSent(path), `${path} is sent`);
      }
    }
    const [lock, locked] = await Promise.all(
      [inside('docker'), '.'].map((at) => readFile(join(at, 'package-lock.json'))),
    );
    assert.deepEqual(lock, locked);
    assert.ok(isSent('docker/package-lock.json') && !isSent('node_modules') && !isSent('dist'));
  });

  it('serves the bundled models for another user, and writes nothing into its own folder', async (context) => {
    const files = await installation.describeFiles(inside());
    const user = await openHome(context);
    const command = [join(prefix, 'bin/slipway'), '--port', '0'] as const;
    const text = await installation.startInstalled(context, command, {
      env: user.env,
      cwd: user.home,
      until: /ready in/,
    });
    const image = await readFile('models/digits/samples/7.png');
    const answer = await fetch(`${urlOf(text)}/predictions/digits`, { method: 'POST', body: image });
    assert.equal(((await answer.json()) as { predictions: { label: string }[] }).predictions[0]?.label, '7');
    assert.deepEqual(await installation.describeFiles(inside()), files);
  });

  it('serves a file, a model and a folder of models in a project by npx, and a program there imports no runtime until it serves', async (context) => {
    const project = join(folder, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{"type":"module"}');
    const text = await installation.runNpm(['install', tarball], { env, cwd: project });
    assert.doesNotMatch(text, complaint);
    await copyFile('models/digits/1/model.onnx', join(project, 'mine.onnx'));
    const user = await openHome(context);
    const slipway = join(project, 'node_modules/.bin/slipway');
    const models = join(project, 'node_modules/slipway/models');
    const asked = [['mine.onnx'], ['--models', 'mine.onnx'], [join(models, 'digits')], [models]];
    const served = [];
    for (const path of asked) {
      const options = { env: user.env, cwd: project, until: /ready in/ };
      const url = urlOf(await installation.startInstalled(context, [slipway, ...path, '--port', '0'], options));
      const index = await fetch(`${url}/v2/repository/index`, { method: 'POST', body: '{}' });
      served.push(((await index.json()) as { name: string }[]).map(({ name }) => name).join());
    }
    assert.deepEqual(served, ['mine', 'mine', 'digits', 'anomaly,digit-boxes,digits']);
    const program = `import { connect, AppError } from 'slipway';
      const code = await connect({ port: 1, timeoutMs: 5000 }).catch((error) => error instanceof AppError && error.code);
      const loaded = process.report.getReport().sharedObjects.filter((path) => /onnxruntime|sharp|vips/.test(path));
      const { serve } = await import('slipway/server');
      const server = await serve({ models: 'mine.onnx', port: 0, cacheDir: 'cache' });
      await server.ready;
      const connection = await connect({ url: server.url });
      const names = (await connection.models()).map(({ name }) => name);
      connection.close();
      await server.stop();
      console.log(JSON.stringify({ code, loaded, names }));`;
    await writeFile(join(project, 'program.mjs'), program);
    const { stdout } = await run(process.execPath, ['program.mjs'], { env, cwd: project });
    assert.deepEqual(JSON.parse(stdout), { code: 'SERVER_UNREACHABLE', loaded: [], names: ['mine'] });
  });

  it('has types that resolve in node16, nodenext and bundler, checked with those of what it imports', async (context) => {
    const consumer = await installation.openFolder('types');
    context.after(() => rm(consumer, { recursive: true, force: true }));
    await mkdir(join(consumer, 'node_modules/@types'), { recursive: true });
    const link = (from: string, to: string) => symlink(from, join(consumer, to));
    await link(inside(), 'node_modules/slipway');
    await link(join(process.cwd(), 'node_modules/@types/node'), 'node_modules/@types/node');
    await link(join(process.cwd(), 'node_modules/undici-types'), 'node_modules/undici-types');
    await writeFile(join(consumer, 'package.json'), '{"type":"module"}');
    const lines = (port: string): string =>
      `import { connect, tensor, type Connection, type ConnectOptions } from 'slipway';
      const options: ConnectOptions = { port: ${port} };
      export const open = (): Promise<Connection> => connect(options);
      import { serve, type EmbeddedServer, type ServerOptions } from 'slipway/server';
      const settings: ServerOptions = { port: ${port}, maxBodyBytes: '64M', workers: 'auto', allowHost: ['*'], readyWhen: 'some' };
      export const start = (): Promise<EmbeddedServer> => serve({ ...settings, onLog: ({ level }) => level });
      export const shape: readonly number[] = tensor(new Float32Array(4), [1, 4]).shape;\n`;
    await writeFile(join(consumer, 'right.ts'), lines('8000'));
    await writeFile(join(consumer, 'wrong.ts'), lines(`'8000'`));
    const check = (file: string, module: string, resolution: string) =>
      run(
        process.execPath,
        [
          ...[
            join(process.cwd(), 'node_modules/typescript/bin/tsc'),
            '--noEmit',
            '--strict',
            '--target',
            'es2023',
            '--types',
            'node',
          ],
          ...[
            '--typeRoots',
            join(consumer, 'node_modules/@types'),
            '--module',
            module,
            '--moduleResolution',
            resolution,
          ],
          join(consumer, file),
        ],
        { cwd: consumer },
      ).then(
        () => '',
        (error: unknown) => (error as { stdout: string }).stdout,
      );
    for (const [module, resolution] of [
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ] as const) {
      assert.equal(await check('right.ts', module, resolution), '', resolution);
      assert.match(await check('wrong.ts', module, resolution), /'string' is not assignable to type 'number'/);
    }
  });
});
