import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { AppError } from '../../errors.js';
import { packContext } from './build-context.js';
import type { DockerEndpoint } from './address/endpoint.js';
import type { DockerGateway } from './gateway.js';
import { LineCutter } from '../text/line-cutter.js';

/** An image to build. Paths are absolute. */
export interface BuildRequest {
  readonly context: string;
  readonly dockerfile: string;
  readonly tags: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly noCache?: boolean;
  /** Ask the registry for newer base images. */
  readonly pull?: boolean;
}

/** What a build works with. */
export interface BuildTools {
  readonly docker: DockerGateway;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** One line of the builder's narration a call. */
  readonly onLine: (line: string) => void;
}

const keptLines = 15;

/**
 * Builds an image on the engine and answers its id: with the docker CLI's buildx where there is one, else with the
 * engine's own builder. Podman has only that: buildx would pull and start a BuildKit there. Throws BUILD_FAILED with the last lines.
 */
export async function buildImage(request: BuildRequest, tools: BuildTools): Promise<string> {
  const env = environmentFor(tools.docker.endpoint, tools.env);
  const isPodman = (await tools.docker.info()).kind === 'podman';
  if (!isPodman && (await hasBuildx(env))) return buildWithBuildx(request, tools, env);
  return buildByEngine(request, tools, { isBuildah: isPodman });
}

/** The docker CLI's environment that makes it talk to the same engine. */
export function environmentFor(
  endpoint: DockerEndpoint,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !['DOCKER_HOST', 'DOCKER_CONTEXT'].includes(entry[0]),
  );
  const { context, url } = endpoint;
  return {
    ...Object.fromEntries(kept),
    ...(context === undefined ? { DOCKER_HOST: url } : { DOCKER_CONTEXT: context }),
  };
}

function hasBuildx(env: Record<string, string>): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('docker', ['buildx', 'version'], { env, stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/** The command line of `docker` for a build. */
export function buildxArguments(request: BuildRequest, idFile: string): readonly string[] {
  const pairs = (flag: string, values: Readonly<Record<string, string>> = {}): readonly string[] =>
    Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  const { target, platform } = request;
  return [
    ...['buildx', 'build', '--progress=plain', '--load', '--iidfile', idFile, '--file', request.dockerfile],
    ...request.tags.flatMap((tag) => ['--tag', tag]),
    ...pairs('--build-arg', request.buildArgs),
    ...pairs('--label', request.labels),
    ...(target === undefined ? [] : ['--target', target]),
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...(request.noCache === true ? ['--no-cache'] : []),
    ...(request.pull === true ? ['--pull'] : []),
    request.context,
  ];
}

async function buildWithBuildx(request: BuildRequest, tools: BuildTools, env: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-build-'));
  const idFile = join(folder, 'id');
  try {
    await runDocker(buildxArguments(request, idFile), { request, tools, env });
    return (await readFile(idFile, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface DockerRun {
  readonly request: BuildRequest;
  readonly tools: BuildTools;
  readonly env: Record<string, string>;
}

function runDocker(args: readonly string[], { request, tools, env }: DockerRun): Promise<void> {
  const { signal } = tools;
  const cancel = signal === undefined ? {} : { signal };
  const child = spawn('docker', args, { env, stdio: ['ignore', 'ignore', 'pipe'], ...cancel });
  const last: string[] = [];
  const cutter = new LineCutter((text) => {
    const line = text.trimEnd();
    if (line === '') return;
    last.push(line);
    last.splice(0, last.length - keptLines);
    tools.onLine(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => cutter.push(text));
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      if (signal?.aborted === true) reject(new AppError('CLIENT_GONE', 'The build was stopped.', { cause: error }));
      else reject(new AppError('BUILD_FAILED', `docker could not be run: ${error.message}`, { cause: error }));
    });
    child.on('close', (code) => {
      cutter.end();
      if (code === 0) resolve();
      else reject(buildFailure(request, last));
    });
  });
}

function buildFailure({ dockerfile, tags }: BuildRequest, lines: readonly string[]): AppError {
  const text = `Could not build ${tags[0] ?? 'the image'} from ${dockerfile}. The builder's last lines:`;
  const details = { dockerfile, lines };
  return new AppError('BUILD_FAILED', [text, ...lines.map((line) => `  ${line}`)].join('\n'), { details });
}

async function buildByEngine(
  request: BuildRequest,
  { docker, signal, onLine }: BuildTools,
  builder: { readonly isBuildah: boolean },
): Promise<string> {
  const { context, dockerfile } = request;
  const inside = relative(context, dockerfile).split(sep).join('/');
  if (inside.startsWith('..')) {
    const text = `${dockerfile} is outside the context ${context}, which the engine's own builder cannot read. ${builder.isBuildah ? 'Move it' : 'Install docker buildx, or move it'}.`;
    throw new AppError('BUILD_FAILED', text);
  }
  try {
    return await docker.images.build(await packContext(context, dockerfile, builder), {
      ...request,
      dockerfile: inside,
      ...(signal === undefined ? {} : { signal }),
      onProgress: ({ layer, text }) => onLine(layer === undefined ? text : `${layer}: ${text}`),
    });
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !/requires BuildKit/.test(thrown.message)) throw thrown;
    throw new AppError('BUILD_FAILED', `${thrown.message} Install docker buildx, then try again.`, { cause: thrown });
  }
}
