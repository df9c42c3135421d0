import type { SourceFile } from './imports.js';

/** Files at the root of src, which every room may import. */
export const roots: readonly string[] = [
  'body-chunks',
  'errors',
  'home-folder',
  'in-turns',
  'omit-undefined',
  'private-folder',
  'program-limit',
  'regular-file',
  'restart-policy',
];

/** Rooms a room may import besides itself and the roots. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  'body-chunks': [],
  errors: [],
  'home-folder': [],
  'in-turns': [],
  'omit-undefined': [],
  'private-folder': [],
  'program-limit': [],
  'regular-file': [],
  'restart-policy': [],
  'command-line': [],
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
    'command-line',
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
  launch: ['command-line', 'protocol', 'store'],
  tool: ['command-line', 'client', 'protocol', 'tensor', 'image', 'launch', 'server', 'bench'],
  manual: ['command-line', 'launch', 'tool', 'server'],
  bench: ['command-line', 'protocol', 'tensor', 'model', 'client', 'engine', 'resources', 'launch'],
};

/** The files of a room that another may import, where that is not all of it. */
export const doors: Readonly<Record<string, readonly string[]>> = {
  launch: [
    'src/launch/index.ts',
    'src/launch/facts/facts.ts',
    'src/launch/facts/host-facts.ts',
    'src/launch/facts/machine.ts',
    'src/launch/text/console.ts',
    'src/launch/text/time.ts',
    'src/launch/text/table.ts',
    'src/launch/program.ts',
    'src/launch/exit-codes.ts',
  ],
  server: [
    'src/server/in-process.ts',
    'src/server/settings/definition.ts',
    'src/server/inspect/inspect.ts',
    'src/server/exit-codes.ts',
  ],
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
  'src/command-line': ['completion'],
  'src/tool': ['bench', 'predict'],
  'src/server': [
    'inspect',
    'grpc',
    'loops',
    'health-port',
    'routes',
    'openapi',
    'metrics',
    'http',
    'telemetry',
    'loop',
    'supervision',
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
  'src/repository': ['loading', 'proof', 'crashes', 'files', 'reading'],
  'src/batching': ['sequences', 'watch', 'admission'],
  'src/grpc': ['messages'],
  'src/engine': ['weights', 'probe', 'ort'],
  'src/store': ['places', 's3', 'oci', 'transfer', 'credentials'],
  'src/workers': ['host', 'inline', 'wide', 'processes', 'link'],
  'src/model': ['pipeline', 'found', 'example', 'complete', 'tasks', 'onnx', 'rows'],
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
    'baselines',
    'load',
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
