import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { buildImage } from '../../src/launch/docker/build.js';
import type { DockerGateway } from '../../src/launch/docker/gateway.js';
import type { ContainerDetails, ContainerSummary } from '../../src/launch/docker/types.js';
import { imageLabels } from '../../src/launch/labels.js';
import type { Launched } from '../../src/launch/session/outcome.js';
import type { HostConfig } from '../../src/launch/container/spec-types.js';
import { temporaryFolder } from '../support/folder.js';

/** A base with Node.js that must be on the engine; nothing is pulled. */
export const nodeBase = 'node:22-bookworm-slim';
export const standIn = `slipway-test:stand-in-${process.pid}`;

/**
 * Answers ready at once (MODE=ready), never (hang), says that it never will be (no-gpu, no-model) or that one model of two is broken
 * (degraded), ends at once (fail), or takes memory until it is killed (eat); GET /env shows process 1's variables.
 */
const program = `
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
const mode = process.env.MODE ?? 'ready';
console.log('stand-in says hello');
if (mode === 'fail') { console.error('Error: the stand-in was told to fail'); process.exit(3); }
if (mode === 'eat') for (const held = []; ; ) held.push(Buffer.alloc(1 << 24, 1));
const reason = (code, message) => ({ code, final: true, model: 'm', version: '1', message });
const health = (state, reasons) => JSON.stringify({ ready: false, state, reasons, models: { ready: [], loading: [], failed: ['m'] } });
const noLibrary = "Model 'm' version 1 cannot be loaded: the NVIDIA driver library libcuda.so.1 is not visible here. To fix: install the NVIDIA driver.";
const cutShort = "Model 'm' version 1 cannot be loaded: it is not an ONNX file, or it is cut short. To fix: copy it again.";
const notReady = {
  hang: () => health('starting', [{ ...reason('MODEL_NOT_READY', "Model 'm' is loading."), final: false }]),
  'no-gpu': () => health('failed', [reason('DEVICE_UNAVAILABLE', noLibrary)]),
  'no-model': () => health('failed', [reason('MODEL_INVALID', cutShort)]),
  degraded: () => health('degraded', [reason('MODEL_INVALID', cutShort)]),
};
const answers = {
  '/v2/health/ready': () => (notReady[mode] === undefined ? [200, '{"ready":true}'] : [503, notReady[mode]()]),
  '/v2': () => [200, JSON.stringify({ slipway: { devices: [process.env.DEVICE ?? 'stand-in'], models: ['n'] } })],
  '/env': () => [200, readFileSync('/proc/1/environ', 'utf8').split('\\0').join('\\n')],
  '/proc': () => [200, readFileSync('/proc/self/status', 'utf8')],
};
const server = createServer((request, response) => {
  const [status, body] = (answers[request.url] ?? (() => [404, 'none']))();
  response.writeHead(status, { connection: 'close' }).end(body);
}).listen(Number(process.env.SLIPWAY_PORT ?? 8000), '0.0.0.0');
process.on('SIGTERM', () => {
  console.log('draining');
  if (mode !== 'stubborn') server.close(() => process.exit(0));
});
`;

/** Builds the stand-in server's image; its labels are those of a CUDA image for driver 525 and Ada GPUs. */
async function buildStandIn(docker: DockerGateway): Promise<void> {
  const folder = temporaryFolder('stand-in-');
  await writeFile(join(folder, 'server.mjs'), program);
  const labels = [
    `${imageLabels.variant}=gpu`,
    `${imageLabels.cudaVersion}=12.8`,
    `${imageLabels.architectures}=89-real`,
  ];
  const dockerfile = `FROM ${nodeBase}\nCOPY server.mjs /server.mjs\n${labels.map((label) => `LABEL ${label}`).join('\n')}\nUSER 1000:1000\nEXPOSE 8000\nENTRYPOINT ["node", "/server.mjs"]\n`;
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  const request = { context: folder, dockerfile: join(folder, 'Dockerfile'), tags: [standIn] };
  await buildImage(request, { docker, env: process.env, onLine: () => undefined });
}

/** A folder with an nvidia-smi that shows one Ada GPU: the engine's stubs have none of their own. */
export async function putFakeDriver(): Promise<string> {
  const folder = temporaryFolder('driver-');
  const script = `#!/bin/sh\ncase "$1" in --query-gpu=*) echo '0, NVIDIA L4, GPU-5fd4f6ab-0000-4000-8000-000000000000, 575.57.08, 23034, 8.9' ;; *) echo 'CUDA Version: 12.9' ;; esac\n`;
  await writeFile(join(folder, 'nvidia-smi'), script);
  await chmod(join(folder, 'nvidia-smi'), 0o755);
  return folder;
}

type Start<T> = (args: readonly string[], env?: Readonly<Record<string, string>>) => T;

/** A suite that starts the stand-in by the launcher. */
export interface StandInSuite {
  /** `--publish` of a host port that no other suite takes. */
  readonly nextPort: () => string;
  /** Its containers, ended ones included. */
  readonly ours: () => Promise<readonly ContainerSummary[]>;
  readonly start: Start<LauncherRun>;
  readonly up: Start<LauncherRun['ended']>;
  /** Detached, and it must succeed. */
  readonly upJson: Start<Promise<Launched>>;
}

const mostPorts = 50;

/** So many ports from one on that nothing listens at, none of which a system gives to whoever asks for any. */
async function findFreePorts(first: number): Promise<number[]> {
  const free: number[] = [];
  for (let port = first; free.length < mostPorts && port < 32_768; port++) {
    const server = createServer().listen(port);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) free.push(port);
  }
  return free;
}

/** Inside a describe: builds the stand-in before its tests, removes what they started after them. `label` marks that. */
export function openStandInSuite(docker: DockerGateway, label: string, firstPort: number): StandInSuite {
  let ports: number[] = [];
  const ours = () => docker.containers.list({ all: true, labels: [label] });
  const start: Start<LauncherRun> = (args, env) => runLauncher(['--image', standIn, '--label', label, ...args], env);
  before(async () => {
    ports = await findFreePorts(firstPort + mostPorts * randomInt(100));
    await buildStandIn(docker);
  });
  after(async () => {
    for (const { id } of await ours()) await docker.containers.remove(id, { force: true }).catch(() => undefined);
    await docker.images.remove(standIn, { force: true });
  });
  return {
    nextPort: () => {
      const port = ports.shift();
      assert.ok(port !== undefined, `more than ${mostPorts} ports were asked for`);
      return `${port}:8000`;
    },
    ours,
    start,
    up: (args, env) => start(args, env).ended,
    upJson: async (args, env) => {
      const { code, stdout, stderr } = await start(['-d', '--json', ...args], env).ended;
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout) as Launched;
    },
  };
}

export const hostConfigOf = ({ raw }: ContainerDetails) => raw['HostConfig'] as HostConfig;

export const readText = async (url: string): Promise<string> => (await fetch(url)).text();

export interface LauncherRun {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Resolves once stdout or stderr holds the text. */
  seen(text: string): Promise<void>;
}

/** Runs the launcher as a user would: a process of its own. */
export function runLauncher(args: readonly string[], env: Readonly<Record<string, string>> = {}): LauncherRun {
  const child = spawn(process.execPath, ['dist/src/launch/main.js', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const waiting: (() => void)[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<Awaited<LauncherRun['ended']>>((resolve) => {
    child.on('close', (code) => resolve({ code, ...text }));
  });
  const seen = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (text.stdout.includes(wanted) || text.stderr.includes(wanted)) resolve();
      };
      waiting.push(look);
      look();
      const fail = (why: string): void =>
        reject(new Error(`the launcher ${why} without saying "${wanted}":\n${text.stdout}${text.stderr}`));
      const timer = setTimeout(() => fail('ran two minutes'), 120_000).unref();
      void ended.then(() => {
        clearTimeout(timer);
        fail('ended');
      });
    });
  return { child, ended, seen };
}
