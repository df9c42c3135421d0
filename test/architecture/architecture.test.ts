import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { findUndocumented } from './exports.js';
import { readFields } from './fields.js';
import { findCycle, loadedWith, parseImports, readSources, type ImportLine } from './imports.js';
import { doors, folderOf, innerGraph, innerOf, layers, roomOf, rooms, roots } from './rooms.js';

/** The one file (or folder, ending in `/`) that may import a package. */
const importers: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['src/engine/ort/ort.ts'],
  sharp: ['src/image/decode.ts'],
  dockerode: ['src/launch/docker/api/dockerode.ts'],
  'tar-fs': ['src/launch/docker/build-context.ts'],
  fastify: ['src/server/'],
  commander: ['src/command-line/', 'src/launch/', 'src/server/', 'src/tool/', 'bench/'],
  '@grpc/grpc-js': ['src/grpc/'],
  '@grpc/proto-loader': ['src/grpc/'],
  '@grpc/reflection': ['src/grpc/reflection.ts'],
  'protobufjs/minimal.js': ['src/protocol/grpc/'],
  aws4fetch: ['src/store/s3/client.ts'],
  'tar-stream': ['src/store/'],
  'prom-client': ['src/server/'],
  '@opentelemetry/api': ['src/server/telemetry/', 'src/client/trace.ts'],
  '@opentelemetry/core': ['src/server/telemetry/'],
  '@opentelemetry/resources': ['src/server/telemetry/'],
  '@opentelemetry/sdk-metrics': ['src/server/telemetry/'],
  '@opentelemetry/sdk-trace-base': ['src/server/telemetry/'],
  '@opentelemetry/exporter-trace-otlp-proto': ['src/server/telemetry/'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/server/telemetry/'],
  '@opentelemetry/exporter-trace-otlp-grpc': ['src/server/telemetry/'],
  '@opentelemetry/exporter-metrics-otlp-proto': ['src/server/telemetry/'],
  '@opentelemetry/exporter-metrics-otlp-http': ['src/server/telemetry/'],
  '@opentelemetry/exporter-metrics-otlp-grpc': ['src/server/telemetry/'],
  pino: ['src/server/'],
  '@huggingface/tokenizers': ['src/tasks/text/library.ts'],
};

/** Fields that other programs read: the runtime, the Docker Engine, whoever asked for JSON. */
const readElsewhere: Readonly<Record<string, readonly string[]>> = {
  OrtSessionOptions: [
    'executionProviders',
    'intraOpNumThreads',
    'executionMode',
    'enableCpuMemArena',
    'logSeverityLevel',
    'enableProfiling',
    'profileFilePrefix',
    'optimizedModelFilePath',
  ],
  DivideOptions: ['section_index'],
  NativeTensor: ['cpuData'],
  CreateBody: ['OpenStdin', 'StdinOnce'],
  RegistryAuth: ['serveraddress'],
  ReplicaSpec: ['Privileges'],
  SecretReference: ['SecretID'],
  ConfigReference: ['ConfigID'],
  // Facts in the JSON of launch plan, doctor and inspect, reports of the benchmark, entries of the log.
  EngineInfo: ['defaultRuntime', 'warnings'],
  TargetReport: ['coldStartParts'],
  ModelReport: ['maxBatchRows'],
  TraceFacts: ['trace_id', 'span_id', 'trace_flags'],
  // Spread into each point that the SDK sends.
  Period: ['endTime'],
  RunnerStatus: ['sessions'],
  // What the contract of the gateway holds of an engine's answer.
  ContainerState: ['finishedAt'],
  ContainerDetails: ['createdAt'],
  ImageDetails: ['createdAt', 'exposedPorts', 'hasHealthcheck'],
  ImageLayer: ['comment'],
  VolumeSummary: ['mountpoint'],
  DiskUsage: ['imagesBytes', 'containersBytes', 'volumesBytes', 'buildCacheBytes'],
};

/** Where process.env, process.exit and the clock may enter. */
const entries = /(^|\/)(main|worker|[a-z-]+-process|[a-z-]+-thread)\.ts$/;

/** Files that a folder may hold, folders not counted. */
const mostFiles = 12;

const sources = await readSources('.', ['src', 'bench']);
const imports = sources.flatMap(({ imports }) => imports);
const own = imports.filter(({ isOwn }) => isOwn);

const show = ({ from, target }: ImportLine): string => `${from} imports ${target}`;

function isAllowed({ from, target }: ImportLine): boolean {
  const [importer, imported] = [roomOf(from), roomOf(target)];
  if (importer === imported || roots.includes(imported)) return true;
  const isOpen = doors[imported]?.includes(target) ?? true;
  return isOpen && (rooms[importer]?.includes(imported) ?? false);
}

/** Whether a line leads to an inner room that stands before its own. */
function leadsBack({ from, target }: ImportLine): boolean {
  const folder = folderOf(from);
  if (folder !== folderOf(target)) return false;
  const order = layers[folder] ?? [];
  const [at, to] = [order.indexOf(innerOf(from)), order.indexOf(innerOf(target))];
  return at >= 0 && to >= 0 && to < at;
}

describe('architecture', () => {
  it('reads every kind of import line', () => {
    const text = `import a from './a.js';\nimport type {\n  B,\n} from "../b/c.js";\nexport * from './d.js';\nimport 'e';\nawait import('./f.js');`;
    assert.deepEqual(
      parseImports('src/x/y.ts', text).map(({ target }) => target),
      ['src/x/a.ts', 'src/b/c.ts', 'src/x/d.ts', 'e', 'src/x/f.ts'],
    );
    assert.deepEqual(
      parseImports('src/x/y.ts', text).map(({ isEager }) => isEager),
      [true, false, true, true, false],
    );
  });

  it('finds a cycle and names the files along it', () => {
    const file = (path: string, target: string) => ({
      path,
      text: '',
      imports: [{ from: path, target, isOwn: true, isEager: true }],
    });
    assert.deepEqual(findCycle([file('a', 'b'), file('b', 'c'), file('c', 'b')]), ['b', 'c', 'b']);
  });

  it('knows every room', () => {
    const found = new Set(sources.map(({ path }) => roomOf(path)));
    assert.deepEqual(
      [...found].filter((room) => !(room in rooms)),
      [],
    );
  });

  it('knows the folders of every room that has some, and no others', () => {
    for (const folder of new Set(sources.map(({ path }) => folderOf(path)))) {
      const inner = sources.filter(({ path }) => folderOf(path) === folder).map(({ path }) => innerOf(path));
      const folders = [...new Set(inner)].filter((name) => !/\.ts$|^(micro|)$/.test(name)).sort();
      assert.deepEqual(folders, [...(layers[folder] ?? [])].sort(), folder);
    }
  });

  it('lets rooms import only along the allowed directions', () => {
    assert.deepEqual(own.filter((line) => !isAllowed(line)).map(show), []);
  });

  it('lets the folders of a room import only those that come after them', () => {
    assert.deepEqual(own.filter(leadsBack).map(show), []);
  });

  it('has no cycle among the folders and files of a room', () => {
    for (const folder of new Set(sources.map(({ path }) => folderOf(path)))) {
      assert.equal(findCycle(innerGraph(sources, folder))?.join(' -> '), undefined, folder);
    }
  });

  it('has no import cycle, type-only imports included', () => {
    assert.equal(findCycle(sources)?.join(' -> '), undefined);
  });

  it('loads nothing into a worker that few models need: each has a heap of its own', () => {
    const loaded = [...loadedWith(sources, 'src/workers/host/worker.ts')];
    assert.ok(loaded.includes('src/engine/ort/ort.ts'));
    assert.deepEqual(
      loaded.filter((path) => /^src\/(?:image|model|tasks)\//.test(path)),
      [],
    );
  });

  it('holds no more files in a folder than a reader takes in', () => {
    const counts = new Map<string, number>();
    for (const top of ['src', 'bench', 'test', 'tools', 'bin']) {
      for (const entry of readdirSync(top, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      )) {
        const folder = entry.parentPath;
        if (!/\/(fixtures|wasm|results)(\/|$)/.test(folder)) counts.set(folder, (counts.get(folder) ?? 0) + 1);
      }
    }
    assert.deepEqual(
      [...counts].filter(([, count]) => count > mostFiles).map(([folder, count]) => `${folder} holds ${count}`),
      [],
    );
  });

  it('gives each vendor package its one importer', () => {
    const broken = imports.filter(({ from, target, isOwn }) => {
      const homes = isOwn ? undefined : importers[target];
      return homes !== undefined && !homes.some((home) => (home.endsWith('/') ? from.startsWith(home) : from === home));
    });
    assert.deepEqual(broken.map(show), []);
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
    assert.deepEqual(hooks, ['src/server/http/app.ts']);
  });

  it('declares no field that nothing reads', () => {
    const { declared, read } = readFields(sources);
    const unread = declared.filter(({ name }) => !read.has(name)).map(({ name, owner }) => `${owner}.${name}`);
    const allowed = Object.entries(readElsewhere).flatMap(([owner, names]) => names.map((name) => `${owner}.${name}`));
    assert.deepEqual(unread.sort(), allowed.sort());
  });

  it('says above each export what it is', () => {
    const text =
      '/** Said. */\nexport function a(): void;\nexport function a(): void {}\n// Not a doc.\nexport const b = 1;\nexport type C = 1;';
    assert.deepEqual(findUndocumented([{ path: 'x.ts', text }]), ['x.ts: b', 'x.ts: C']);
    assert.deepEqual(findUndocumented(sources), []);
  });

  it('keeps kebab-case names and has no drawers', () => {
    const names = sources.map(({ path }) => path).filter((path) => !/^[a-z0-9/.-]+$/.test(path));
    const drawers = sources
      .map(({ path }) => path)
      .filter((path) => /(utils?|helpers?|common|manager|misc)(\/|\.ts$)/.test(path));
    assert.deepEqual([...names, ...drawers], []);
  });
});
