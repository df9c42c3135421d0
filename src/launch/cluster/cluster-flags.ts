import { Option, type Command } from 'commander';
import { NotedOption } from '../../command-line/noted-option.js';
import { AppError } from '../../errors.js';
import { parseCount, parseDuration } from '../request/flags/sizes.js';
import { isName, isServiceName, type ClusterKind } from './cluster-checks.js';
import type { ClusterOptions } from './deployed.js';

/** Values of the flags that only a cluster has, as the parser leaves them. */
export interface ClusterValues {
  readonly name?: string;
  readonly namespace?: string;
  readonly replicas: string;
  readonly maxReplicas?: string;
  readonly scaler: string;
  readonly queueTarget: string;
  readonly prometheus: string;
  readonly gpuResource?: string;
  readonly modelImage?: string;
  readonly modelImageBy: string;
  readonly storageUri?: string;
  readonly keysSecret?: string;
  readonly pullSecret: readonly string[];
  readonly monitor?: boolean;
  readonly allowFrom: readonly string[];
  readonly publishMode: string;
  readonly watch: string;
  readonly parallelism?: string;
  readonly keysFile?: string;
  readonly configFile?: string;
}

/** The last is the default, or the words to choose from, of which the first is it. */
type Row = readonly [kinds: readonly ClusterKind[], flags: string, text: string, fallback?: string | readonly string[]];

const scalers = ['hpa', 'keda'] as const;
const modelImageWays = ['volume', 'copy'] as const;
const publishModes = ['ingress', 'host'] as const;

const all = ['kubernetes', 'kserve', 'swarm'] as const;
const pods = ['kubernetes', 'kserve'] as const;

const rows: readonly Row[] = [
  [all, '--replicas <n>', 'number of servers', '2'],
  [pods, '--namespace <name>', "namespace, if not kubectl's own"],
  [pods, '--max-replicas <n>', 'scale up to this many while requests wait'],
  [pods, '--scaler <name>', 'autoscaler: hpa (KServe: by CPU time), keda', scalers],
  [pods, '--queue-target <time>', 'work that may wait in each replica', '500ms'],
  [pods, '--prometheus <url>', 'Prometheus that KEDA queries', 'http://prometheus-operated.monitoring.svc:9090'],
  [all, '--gpu-resource <name>', "the cluster's name for a GPU (nvidia.com/gpu; Swarm: NVIDIA-GPU)"],
  [pods, '--model-image <image>', 'OCI image with models in /models (a modelcar)'],
  [
    ['kubernetes'],
    '--model-image-by <way>',
    'how to use it: volume (feature gate ImageVolume), copy (any)',
    modelImageWays,
  ],
  [['kserve'], '--storage-uri <uri>', 'location of the models for KServe: s3://, pvc://, oci://, hf://, https://'],
  [all, '--keys-secret <name>', 'secret with API keys (in Kubernetes its entry api-keys)'],
  [['swarm'], '--keys-file <file>', 'file with API keys, stored as a Swarm secret'],
  [['swarm'], '--config-file <file>', 'file with server settings (--config), stored as a Swarm config'],
  [['swarm'], '--publish-mode <mode>', 'ingress (every node answers), host (nodes with a replica)', publishModes],
  [['swarm'], '--watch <time>', 'how long to watch a new replica before the next', '10s'],
  [['swarm'], '--parallelism <n>', 'replicas replaced at a time (a tenth, at least one)'],
  [['kubernetes'], '--monitor', 'a ServiceMonitor, for the Prometheus operator'],
];

const swarmRows = rows.filter(([kinds]) => kinds.includes('swarm'));

const lists: readonly Row[] = [
  [pods, '--pull-secret <name>', "secret for the image's registry"],
  [['kubernetes'], '--allow-from <namespace>', 'other namespaces that may call the server (all)'],
];

/** Gives a command the flags of one kind of cluster. */
export function addClusterOptions(command: Command, kind: ClusterKind): Command {
  command.optionsGroup('Cluster:');
  for (const [kinds, flags, text, fallback] of rows) {
    if (!kinds.includes(kind)) continue;
    const option = toOption(flags, text, fallback);
    command.addOption(fallback === undefined ? option : option.default(defaultOf(fallback)));
  }
  for (const [kinds, flags, text] of lists) {
    if (kinds.includes(kind)) command.addOption(new Option(flags, text).argParser(append).default([]));
  }
  return command.option('-o, --output <file>', 'write to this file instead of printing');
}

function defaultOf(fallback: Row[3]): string | undefined {
  return typeof fallback === 'object' ? fallback[0] : fallback;
}

function toOption(flags: string, text: string, fallback: Row[3]): Option {
  return new NotedOption(flags, text, typeof fallback === 'object' ? { words: fallback } : {});
}

const append = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Gives `up` the flags of a Swarm; they mean nothing without --swarm. Help names them in one line. */
export function addSwarmOptions(command: Command): Command {
  command.optionsGroup('What to run:').option('--swarm', "run as a service of the engine's Swarm");
  const options = swarmRows.map(([, flags, text, fallback]) =>
    toOption(flags, fallback === undefined ? text : `${text} (${defaultOf(fallback)})`, fallback).hideHelp(),
  );
  for (const option of options) command.addOption(option);
  return command.addHelpText('after', `With --swarm also: ${options.map(({ long }) => long).join(' ')}`);
}

/** The flags of a Swarm among those that were given. */
export function swarmFlagsIn(values: Readonly<Record<string, unknown>>): readonly string[] {
  return swarmRows
    .map(([, flags]) => new Option(flags))
    .filter((option) => values[option.attributeName()] !== undefined)
    .map(({ long }) => long ?? '');
}

/** The flags, read. Throws USAGE. */
export function readClusterOptions(values: Partial<ClusterValues>, kind: ClusterKind): ClusterOptions {
  const { namespace, storageUri, keysSecret, pullSecret = [], allowFrom = [] } = values;
  const named = (flag: string, text: string): string => {
    check(isName(text), `${flag} ${text}`, 'lower-case letters, digits, - and .');
    return text;
  };
  const name = values.name ?? 'slipway';
  check(isServiceName(name), `--name ${name}`, 'a lower-case letter, then at most 51 letters, digits and -');
  const replicas = parseCount('--replicas', values.replicas ?? '2', 1);
  return {
    name,
    replicas,
    ...(namespace === undefined ? {} : { namespace: named('--namespace', namespace) }),
    ...(values.maxReplicas === undefined
      ? {}
      : { maxReplicas: parseCount('--max-replicas', values.maxReplicas, replicas) }),
    scaler: oneOf('--scaler', values.scaler ?? 'hpa', scalers),
    queueTargetMs: parseDuration('--queue-target', values.queueTarget ?? '500ms'),
    prometheusUrl: values.prometheus ?? '',
    gpuResource: values.gpuResource ?? (kind === 'swarm' ? 'NVIDIA-GPU' : 'nvidia.com/gpu'),
    ...toModelImage(values),
    ...(storageUri === undefined ? {} : { storageUri: toStorageUri(storageUri) }),
    ...(keysSecret === undefined ? {} : { keysSecret: named('--keys-secret', keysSecret) }),
    pullSecrets: pullSecret.map((text) => named('--pull-secret', text)),
    hasMonitor: values.monitor === true,
    allowedNamespaces: allowFrom.map((text) => named('--allow-from', text)),
    publishMode: oneOf('--publish-mode', values.publishMode ?? 'ingress', publishModes),
    monitorMs: parseDuration('--watch', values.watch ?? '10s'),
    ...(values.parallelism === undefined ? {} : { parallelism: parseCount('--parallelism', values.parallelism, 1) }),
    files: [],
  };
}

function toModelImage({ modelImage, modelImageBy }: Partial<ClusterValues>): Pick<ClusterOptions, 'modelImage'> {
  const by = oneOf('--model-image-by', modelImageBy ?? 'volume', modelImageWays);
  if (modelImage === undefined) return {};
  return { modelImage: { reference: modelImage.replace(/^oci:\/\//, ''), by } };
}

function toStorageUri(text: string): string {
  check(/^[a-z][a-z0-9+.-]*:\/\/\S+$/.test(text), `--storage-uri ${text}`, 'an address such as s3://bucket/model');
  return text;
}

function check(isRight: boolean, what: string, expected: string): void {
  if (!isRight) throw new AppError('USAGE', `${what}: expected ${expected}.`);
}

function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  const found = known.find((name) => name === text);
  if (found !== undefined) return found;
  throw new AppError('USAGE', `${flag} is "${text}". Expected one of ${known.join(', ')}.`);
}
