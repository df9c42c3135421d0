import type { SourceFile } from './imports.js';

/** Rooms a room may import besides itself and errors.ts. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  tensor: [],
  protocol: ['tensor'],
  model: ['tensor'],
  store: ['model'],
  image: ['tensor', 'model'],
  tasks: ['image', 'tensor', 'model'],
  grpc: ['protocol'],
  batching: ['workers', 'tensor', 'model'],
  engine: ['tensor', 'model'],
  workers: ['engine', 'image', 'tensor', 'model'],
  repository: ['tasks', 'workers', 'batching', 'engine', 'protocol', 'model', 'tensor'],
  validate: ['repository', 'engine', 'model', 'tensor'],
  resources: [],
  playground: [],
  server: [
    'repository',
    'protocol',
    'store',
    'resources',
    'playground',
    'tasks',
    'grpc',
    'workers',
    'engine',
    'batching',
    'image',
    'model',
    'tensor',
  ],
  client: ['protocol', 'tensor', 'launch'],
  launch: ['protocol', 'store'],
  tool: ['client', 'protocol', 'tensor', 'image', 'launch', 'server', 'bench'],
  bench: ['protocol', 'tensor', 'model', 'client', 'engine', 'resources', 'launch'],
};

/** The files of a room that another may import, where that is not all of it. */
export const doors: Readonly<Record<string, readonly string[]>> = {
  launch: ['src/launch/index.ts', 'src/launch/text/console.ts', 'src/launch/text/table.ts'],
  server: ['src/server/in-process.ts'],
};

/** Folders of a room from the first that a request or a launch meets to the last: each may import those after it. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  'src/launch': [
    'commands',
    'export',
    'up',
    'doctor',
    'fleet',
    'swarm',
    'cluster',
    'container',
    'native',
    'images',
    'session',
    'failures',
    'decide',
    'facts',
    'request',
    'cli',
    'docker',
    'text',
  ],
  'src/tool': ['bench', 'predict'],
  'src/server': [
    'inspect',
    'grpc',
    'health-port',
    'routes',
    'openapi',
    'metrics',
    'http',
    'telemetry',
    'pipelines',
    'stream',
    'inference',
    'codec',
    'backend',
    'access',
    'describe',
    'log',
    'memory',
    'settings',
  ],
  'src/protocol': ['grpc', 'v1', 'v2', 'json'],
  'src/repository': ['proof', 'crashes', 'files'],
  'src/batching': ['sequences', 'watch', 'admission'],
  'src/engine': ['weights', 'probe', 'ort'],
  'src/store': ['places', 's3', 'oci', 'transfer', 'credentials'],
  'src/workers': ['host', 'inline', 'link'],
  'src/model': ['pipeline', 'found', 'example', 'complete', 'onnx', 'rows'],
  'src/image': ['drawing', 'color', 'resample', 'files', 'wasm'],
  'src/tasks': ['detection', 'embedding', 'segmentation', 'text'],
  bench: [
    'gpu-proof',
    'peers',
    'tune',
    'measure',
    'subject',
    'models',
    'targets',
    'load',
    'baselines',
    'report',
    'environment',
    'images',
    'stats',
  ],
};

/** The room that a path belongs to: `src/launch/...` to launch, `src/errors.ts` to errors, `bench/...` to bench. */
export function roomOf(path: string): string {
  const [top, second] = path.split('/');
  return top === 'bench' ? 'bench' : (second ?? '').replace(/\.ts$/, '');
}

/** The folder of a room: `src/launch`, `bench`. */
export function folderOf(path: string): string {
  return path.startsWith('bench/') ? 'bench' : path.split('/').slice(0, 2).join('/');
}

/** The inner room of a path: its folder within the room, or the file itself where it lies at the room's root. */
export function innerOf(path: string): string {
  const rest = path.slice(folderOf(path).length + 1);
  return rest.includes('/') ? (rest.split('/')[0] ?? '') : rest;
}

/** The graph of a room's inner rooms, as files that findCycle reads. */
export function innerGraph(sources: readonly SourceFile[], folder: string): readonly SourceFile[] {
  const inside = sources.filter(({ path }) => path.startsWith(`${folder}/`));
  const names = [...new Set(inside.map(({ path }) => innerOf(path)))];
  return names.map((name) => {
    const imports = inside
      .filter(({ path }) => innerOf(path) === name)
      .flatMap((file) => file.imports)
      .filter(({ isOwn, target }) => isOwn && target.startsWith(`${folder}/`) && innerOf(target) !== name);
    return {
      path: name,
      text: '',
      imports: imports.map((line) => ({ ...line, from: name, target: innerOf(line.target) })),
    };
  });
}
