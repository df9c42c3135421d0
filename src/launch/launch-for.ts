import { resolve } from 'node:path';
import { AppError } from '../errors.js';
import type { Sink } from './text/console.js';
import type { LaunchContext } from './context.js';
import type { LaunchedImage } from './docker/image-identity.js';
import { parseGpus } from './request/flags/gpus.js';
import type { ContainerVariant } from './labels.js';
import { originOf } from './request/origin.js';
import type { Started } from './session/session.js';
import { buildOwn, type OwnImage } from './images/own-image.js';
import { lendThisProcess } from './this-process.js';
import { bringUp } from './up/bring-up.js';
import { findGrpcPort } from './request/server-options.js';
import { plainRequest, type LaunchRequest } from './request/request.js';

/** How a server runs. */
export type ServerVariant = ContainerVariant | 'native';

/** What a program asks of the launcher. Everything left out is decided as `launch up` decides it. */
export interface LaunchOptions extends OwnImage {
  /** `auto` takes what fits the machine and says why; anything else never falls back. */
  readonly variant?: 'auto' | ServerVariant;
  /** Image to run instead. */
  readonly image?: string;
  /** Folder with models; undefined: the bundled ones. */
  readonly models?: string;
  /** Port of the address; 8000 unless given. */
  readonly port?: number;
  /** Address of this machine to listen on; 127.0.0.1 unless given. */
  readonly address?: string;
  /** GPUs to give it, as --gpus takes them: `all`, `1`, `device=0`. Then nothing falls back to the CPU. */
  readonly gpus?: string;
  /** Variables of the server. */
  readonly env?: Readonly<Record<string, string>>;
  readonly name?: string;
  /** What to do for an image that is not there; `missing` unless given: build or pull it. `never`: throws IMAGE_MISSING. */
  readonly pull?: LaunchRequest['pull'];
  /** A container that is not started again when it ends, nor with the machine. */
  readonly isTemporary?: boolean;
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Hears what happens: decision, build and pull progress, readiness. One line a call. */
  readonly onNarration?: (line: string) => void;
}

/** A server that runs and is ready; it stays when this program ends. */
export interface LaunchedServer {
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  /** `host:port` of its gRPC service, where it has one that is reached from here. */
  readonly grpcAddress?: string | undefined;
  readonly name: string;
  readonly variant: ServerVariant;
  /** Whether it ran already. */
  readonly isReused: boolean;
  /** Names of the models that it serves; empty where it did not tell. */
  readonly models: readonly string[];
  /** Why models of its repository will not serve, a sentence each. */
  readonly broken: readonly string[];
  /** What a container was made from; absent for a native server. */
  readonly image?: LaunchedImage | undefined;
  /** From the start of the process or container to its first ready answer; absent where it ran already. */
  readonly readyAfterMs?: number | undefined;
  /** Drains and ends it. */
  stop(): Promise<void>;
  /** Ends it at once, whatever it is doing, and deletes what is left of it. */
  remove(): Promise<void>;
}

const serverPort = 8000;

/** Starts a server for a program, or finds the one that runs already with the same request; it is left running. Throws AppError. */
export async function launchFor(request: LaunchOptions): Promise<LaunchedServer> {
  const sink = lineSink(request.onNarration);
  const context = lendThisProcess(() => undefined, { stdout: sink, stderr: sink });
  const isOwn = request.dockerfile !== undefined || request.context !== undefined;
  const image = isOwn ? await buildOwn(context, request, request.signal) : request.image;
  const started = await bringUp(context, {
    address: {},
    request: toRequest(context, request, image),
    start: { replace: false, keep: false, timeoutMs: request.readyTimeoutMs ?? 120_000 },
    explain: false,
    signal: request.signal ?? new AbortController().signal,
  });
  return toServer(started);
}

function toServer(started: Started): LaunchedServer {
  const { launched } = started;
  const { name, variant, isReused, url, noUrl, grpcAddress, models, broken, image, readyAfterMs } = launched;
  if (url === undefined)
    throw new AppError('SERVER_UNREACHABLE', `${name} runs, but cannot be reached: ${noUrl ?? ''}.`);
  return {
    name,
    variant,
    isReused,
    url,
    grpcAddress,
    models,
    broken: broken.map(({ message }) => message),
    image,
    readyAfterMs,
    stop: () => started.stop(),
    remove: () => started.remove(),
  };
}

function toRequest(context: LaunchContext, request: LaunchOptions, image: string | undefined): LaunchRequest {
  const { variant, models, port, address, gpus, env, name, pull, isTemporary } = request;
  const hostPort = String(port ?? serverPort);
  const source = models === undefined ? undefined : resolve(context.cwd, models);
  const grpcPort = findGrpcPort(env ?? {}, []);
  return {
    ...plainRequest,
    ...(grpcPort === undefined ? {} : { grpcPort }),
    variant: variant ?? 'auto',
    mode: 'detached',
    origin: originOf(context),
    ...(pull === undefined ? {} : { pull }),
    ...(gpus === undefined ? {} : { gpus: parseGpus(gpus) }),
    ...(image === undefined ? {} : { image }),
    container: {
      ...plainRequest.container,
      ...(name === undefined ? {} : { name }),
      ...(isTemporary === true ? { restart: { name: 'no', maximumRetries: 0 } } : {}),
      env: env ?? {},
      ports: [{ hostIp: address ?? '127.0.0.1', hostPort, containerPort: serverPort, protocol: 'tcp' }],
      mounts:
        source === undefined
          ? []
          : [{ type: 'bind', source, target: '/srv/models', readOnly: true, createSource: false }],
    },
  };
}

/** Gives whole lines, without their newlines, to a listener. */
function lineSink(onLine: ((line: string) => void) | undefined): Sink {
  let rest = '';
  return {
    write: (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    },
  };
}
