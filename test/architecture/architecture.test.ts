import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findCycle, parseImports, readSources, type ImportLine } from './imports.js';

/** Rooms a room may import besides itself and errors.ts. `main` is server's and launch's entry file. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  tensor: [],
  protocol: ['tensor'],
  model: ['tensor'],
  image: ['tensor', 'model'],
  tasks: ['image', 'tensor', 'model'],
  batching: ['workers', 'tensor', 'model'],
  engine: ['tensor', 'model'],
  workers: ['engine', 'image', 'tensor', 'model'],
  repository: ['workers', 'batching', 'engine', 'protocol', 'model', 'tensor'],
  resources: [],
  playground: [],
  grpc: ['protocol'],
  server: [
    'repository',
    'protocol',
    'resources',
    'playground',
    'grpc',
    'workers',
    'engine',
    'batching',
    'image',
    'tasks',
    'model',
    'tensor',
  ],
  client: ['protocol', 'tensor', 'launch'],
  launch: ['protocol'],
  bench: ['protocol', 'tensor', 'model', 'client', 'engine', 'resources'],
};

/** The one file (or folder, ending in `/`) that may import a package. */
const importers: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['src/engine/ort.ts'],
  sharp: ['src/image/decode.ts'],
  dockerode: ['src/launch/docker/dockerode.ts'],
  'tar-fs': ['src/launch/docker/context-tar.ts'],
  fastify: ['src/server/'],
  commander: ['src/launch/', 'src/server/', 'bench/'],
  'prom-client': ['src/server/'],
  pino: ['src/server/'],
  '@grpc/grpc-js': ['src/grpc/'],
  '@grpc/proto-loader': ['src/grpc/'],
  '@grpc/reflection': ['src/grpc/reflection.ts'],
  'protobufjs/minimal.js': ['src/protocol/grpc/'],
};

/** Where process.env, process.exit and the clock may enter. */
const entries = /(^|\/)(main|worker|[a-z-]+-process|[a-z-]+-thread)\.ts$/;

const sources = await readSources('.', ['src', 'bench']);
const imports = sources.flatMap(({ imports }) => imports);

const roomOf = (path: string): string => {
  const [top, second] = path.split('/');
  return top === 'bench' ? 'bench' : (second ?? '').replace(/\.ts$/, '');
};

function isAllowed({ from, target }: ImportLine): boolean {
  const [importer, imported] = [roomOf(from), roomOf(target)];
  if (importer === imported || imported === 'errors') return true;
  if (importer === 'client' && imported === 'launch') return target === 'src/launch/index.ts';
  if (importer === 'bench' && imported === 'launch') return target === 'src/launch/index.ts';
  return allowed[importer]?.includes(imported) ?? false;
}

describe('architecture', () => {
  it('reads every kind of import line', () => {
    const text = `import a from './a.js';\nimport type {\n  B,\n} from "../b/c.js";\nexport * from './d.js';\nimport 'e';\nawait import('./f.js');`;
    assert.deepEqual(
      parseImports('src/x/y.ts', text).map(({ target }) => target),
      ['src/x/a.ts', 'src/b/c.ts', 'src/x/d.ts', 'e', 'src/x/f.ts'],
    );
  });

  it('finds a cycle and names the files along it', () => {
    const file = (path: string, target: string) => ({ path, text: '', imports: [{ from: path, target, isOwn: true }] });
    assert.deepEqual(findCycle([file('a', 'b'), file('b', 'c'), file('c', 'b')]), ['b', 'c', 'b']);
  });

  it('knows every room', () => {
    const rooms = new Set(sources.map(({ path }) => roomOf(path)));
    assert.deepEqual(
      [...rooms].filter((room) => !(room in allowed)),
      [],
    );
  });

  it('lets rooms import only along the allowed directions', () => {
    const broken = imports.filter((line) => line.isOwn && !isAllowed(line));
    assert.deepEqual(
      broken.map(({ from, target }) => `${from} imports ${target}`),
      [],
    );
  });

  it('has no import cycle, type-only imports included', () => {
    assert.equal(findCycle(sources)?.join(' -> '), undefined);
  });

  it('gives each vendor package its one importer', () => {
    const broken = imports.filter(({ from, target, isOwn }) => {
      const homes = isOwn ? undefined : importers[target];
      return homes !== undefined && !homes.some((home) => (home.endsWith('/') ? from.startsWith(home) : from === home));
    });
    assert.deepEqual(
      broken.map(({ from, target }) => `${from} imports ${target}`),
      [],
    );
  });

  it('reads the environment, the clock and the exit only in entry files', () => {
    const broken = sources.filter(
      ({ path, text }) => !entries.test(path) && /\bprocess\.(env|exit)\b|\bDate\.now\(\)|\bnew Date\(\)/.test(text),
    );
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });

  it('judges requests in gates alone: a hook of the framework would not see those that are routed past it', () => {
    const hooks = sources.flatMap(({ path, text }) => [...text.matchAll(/\.addHook\(/g)].map(() => path));
    assert.deepEqual(hooks, ['src/server/app.ts']);
  });

  it('keeps kebab-case names and has no drawers', () => {
    const names = sources.map(({ path }) => path).filter((path) => !/^[a-z0-9/.-]+$/.test(path));
    const drawers = sources
      .map(({ path }) => path)
      .filter((path) => /(utils?|helpers?|common|manager|misc)(\/|\.ts$)/.test(path));
    assert.deepEqual([...names, ...drawers], []);
  });
});
