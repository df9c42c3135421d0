import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AppError } from '../errors.js';
import type { DockerEndpoint } from './docker/endpoint.js';

/** An image to build with the docker client, which alone speaks BuildKit whole (cache mounts, secrets, many platforms). */
export interface BuildRequest {
  readonly endpoint: DockerEndpoint;
  /** Context folder; paths of Dockerfiles start here. */
  readonly folder: string;
  readonly dockerfile: string;
  readonly tags: readonly string[];
  /** Further flags of `docker build`. */
  readonly flags?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Hears each line of the build's plain progress. */
  readonly onLine: (line: string) => void;
}

const keptLines = 60;

/** Builds an image; answers when it is on the engine. Throws BUILD_FAILED with the last lines, SHUTTING_DOWN when aborted. */
export async function buildImage(request: BuildRequest): Promise<void> {
  const { endpoint, folder, dockerfile, tags, flags = [], env, signal, onLine } = request;
  const where = endpoint.context === undefined ? ['--host', endpoint.url] : ['--context', endpoint.context];
  const named = tags.flatMap((tag) => ['--tag', tag]);
  const args = [...where, 'build', '--progress=plain', '--file', dockerfile, ...named, ...flags, '.'];
  const child = spawn('docker', args, {
    cwd: folder,
    env: { ...env, DOCKER_BUILDKIT: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      lines.splice(0, lines.length - keptLines);
      onLine(line);
    });
  }
  try {
    const exitCode = await ended(child);
    if (signal?.aborted === true)
      throw new AppError('SHUTTING_DOWN', 'Interrupted while building; nothing was started.');
    if (exitCode !== 0) throw buildError(request, exitCode, lines);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function ended(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
    child.on('error', (error: NodeJS.ErrnoException) => {
      const text = error.code === 'ENOENT' ? 'the docker client is not installed' : error.message;
      reject(
        new AppError(
          'BUILD_FAILED',
          `Could not build: ${text}.\n  fix: install the docker client with its buildx plugin (packages docker-ce-cli, docker-buildx-plugin)`,
          { cause: error },
        ),
      );
    });
  });
}

/** BuildKit repeats the failing step at the end, after a line of dashes: that is what a reader needs. */
function buildError({ dockerfile, tags }: BuildRequest, exitCode: number, lines: readonly string[]): AppError {
  const text = lines.join('\n');
  const missingPlugin = /buildx component is missing|BuildKit is enabled but/i.test(text);
  const fix = missingPlugin
    ? 'install the buildx plugin (package docker-buildx-plugin)'
    : 'correct what the last lines say, then build again';
  const shown = lines.filter((line) => line.trim() !== '').slice(-15);
  const message = [
    `Could not build ${tags.join(', ')} from ${dockerfile} (exit code ${exitCode}).`,
    ...shown.map((line) => `    ${line}`),
    `  fix: ${fix}`,
  ];
  return new AppError('BUILD_FAILED', message.join('\n'), {
    details: {
      dockerfile,
      exitCode,
      lines: shown,
      cause: `the image could not be built (${shown.at(-1) ?? `exit code ${exitCode}`})`,
      fix,
    },
  });
}
