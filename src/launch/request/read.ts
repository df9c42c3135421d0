import { AppError } from '../../errors.js';
import { parseDevice } from './flags/devices.js';
import { parseEnv, parseEnvFile } from './flags/env.js';
import { parseGpus } from './flags/gpus.js';
import type { PathBase } from './flags/mount-types.js';
import { parseMount } from './flags/mounts.js';
import { parseName, parsePair, parsePlatform, parseRestart, parseTmpfs, parseUlimit } from './flags/policies.js';
import { parsePort } from './flags/ports.js';
import { parseBytes, parseCount, parseCpus } from './flags/sizes.js';
import { parseVolume } from './flags/volumes.js';
import { nearest } from '../../command-line/suggestion.js';
import { pulls, type UpValues } from './up-flags.js';
import { findGrpcPort, serverOption } from './server-options.js';
import {
  findMapping,
  gpuModes,
  variants,
  insistsOnGpu,
  type ContainerRequest,
  type LaunchMode,
  type LaunchRequest,
} from './request.js';

/** What the command line's texts are read against. */
export interface Surroundings extends PathBase {
  readonly env: NodeJS.ProcessEnv;
  /** Texts of the files that --env-file names. */
  readonly envFiles: readonly { readonly name: string; readonly text: string }[];
  readonly engineIsNamed: boolean;
  readonly hasTerminal: boolean;
}

/** From texts to a request: every flag read, every contradiction refused with what to type instead. Throws USAGE. */
export function toRequest(values: UpValues, serverArgs: readonly string[], at: Surroundings): LaunchRequest {
  const container = toContainerRequest(values, at);
  const mode = toMode(values, at);
  const ownArgs = mode === 'shell' ? [] : serverArgs;
  const grpcPort = findGrpcPort(container.env, ownArgs);
  const request: LaunchRequest = {
    variant: oneOf('--variant', values.variant ?? 'auto', variants),
    gpuMode: oneOf('--gpu-mode', values.gpuMode ?? 'auto', gpuModes),
    ...(values.gpus === undefined ? {} : { gpus: parseGpus(values.gpus) }),
    ...(values.image === undefined ? {} : { image: values.image }),
    pull: oneOf('--pull', values.pull ?? 'missing', pulls),
    engineIsNamed: at.engineIsNamed,
    mode,
    container,
    serverArgs,
    serverPort: parseCount('--port', serverOption(container.env, ownArgs, 'port') ?? '8000', 1),
    ...(grpcPort === undefined ? {} : { grpcPort }),
  };
  refuseContradictions(request);
  return request;
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  const close = nearest(value, allowed);
  const hint = close === undefined ? '' : ` Type ${flag} ${close}?`;
  throw new AppError('USAGE', `${flag} ${value}: expected one of ${allowed.join(', ')}.${hint}`, {
    details: { flag, value },
  });
}

function toMode({ detach, interactive, tty }: UpValues, { hasTerminal }: Surroundings): LaunchMode {
  if (interactive !== true && tty !== true) return detach === true ? 'detached' : 'foreground';
  if (detach === true)
    throw new AppError('USAGE', '-it and -d cannot be combined: a shell needs this terminal. Omit one of them.');
  if (interactive !== true || tty !== true) {
    throw new AppError(
      'USAGE',
      `${tty === true ? '-t' : '-i'} alone has no use here: type -it for a shell in the container.`,
    );
  }
  if (!hasTerminal)
    throw new AppError('USAGE', '-it needs a terminal, but stdin is not one. Run it in a terminal, or omit -it.');
  return 'shell';
}

/** The listed flags by their reader; undefined ones are left out. */
function toContainerRequest(values: UpValues, at: Surroundings): ContainerRequest {
  const merge = (parts: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> =>
    Object.assign({}, ...parts) as Readonly<Record<string, string>>;
  const files = at.envFiles.map(({ name, text }) => parseEnvFile(text, name, at.env));
  return {
    ports: values.publish.flatMap((text) => parsePort(text)),
    mounts: [
      ...values.mount.map((text) => parseMount(text, at)),
      ...values.volume.map((text) => parseVolume({ flag: '-v', text }, at)),
    ],
    tmpfs: merge(values.tmpfs.map(parseTmpfs)),
    devices: values.device.map(parseDevice),
    env: merge([...files, ...values.env.map((text) => parseEnv(text, at.env))]),
    labels: merge(values.label.map((text) => parsePair('--label', text))),
    readOnly: values.readOnly === true,
    init: values.init,
    logDriver: values.logDriver ?? 'json-file',
    logOptions: merge(values.logOpt.map((text) => parsePair('--log-opt', text))),
    capAdd: values.capAdd,
    capDrop: values.capDrop.length === 0 ? ['ALL'] : values.capDrop,
    securityOptions: values.securityOpt,
    groupAdd: values.groupAdd,
    ulimits: values.ulimit.map(parseUlimit),
    ...toOptional(values),
  };
}

function toOptional(values: UpValues): Partial<ContainerRequest> {
  const { name, network, memory, cpus, shmSize, pidsLimit, user, restart, rm, platform } = values;
  return {
    ...(name === undefined ? {} : { name: parseName(name) }),
    ...(network === undefined ? {} : { network }),
    ...(memory === undefined ? {} : { memoryBytes: parseBytes('--memory', memory) }),
    ...(cpus === undefined ? {} : { nanoCpus: parseCpus('--cpus', cpus) }),
    ...(shmSize === undefined ? {} : { shmBytes: parseBytes('--shm-size', shmSize) }),
    ...(pidsLimit === undefined ? {} : { pidsLimit: parseCount('--pids-limit', pidsLimit, -1) }),
    ...(user === undefined ? {} : { user }),
    ...(restart === undefined ? {} : { restart: parseRestart(restart) }),
    ...(rm === undefined ? {} : { remove: rm }),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  };
}

function refuseContradictions(request: LaunchRequest): void {
  const { container, variant, gpuMode, serverPort, mode } = request;
  const refuse = (text: string): never => {
    throw new AppError('USAGE', text);
  };
  if (container.remove === true && container.restart !== undefined && container.restart.name !== 'no') {
    refuse('--rm and --restart cannot be combined: a removed container cannot start again. Omit one of them.');
  }
  if (variant === 'cpu' && insistsOnGpu(request))
    refuse('--variant cpu and --gpus (or a GPU --device) cannot be combined. Type --variant gpu.');
  if (gpuMode === 'none' && insistsOnGpu(request))
    refuse('--gpu-mode none cannot be combined with a request for a GPU. Omit one of them.');
  const published = container.ports;
  const isServed = findMapping(published, serverPort) !== undefined;
  if (published.length === 0 || isServed || mode === 'shell') return;
  const first = published[0];
  const host =
    first === undefined || first.hostPort === '' ? String(first?.containerPort ?? serverPort) : first.hostPort;
  refuse(
    `-p publishes port ${first?.containerPort ?? ''} of the container, but the server there listens on ${serverPort}. Type -p ${host}:${serverPort}.`,
  );
}
