import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { messageOf } from '../../errors.js';
import type { LaunchContext } from '../context.js';
import type { DockerGateway } from '../docker/gateway.js';
import { couldNotAsk, known, type Fact, type Facts } from '../facts/facts.js';
import { gatherFacts } from '../facts/gather.js';
import { thisMachine } from '../facts/machine.js';
import { containerLabels } from '../labels.js';
import { readNvidiaSignal } from '../decide/gpu/nvidia-signal.js';
import type { Examination } from './check-types.js';
import { tryGpu } from './gpu-trial.js';

const usualPort = 8000;

/** Gathers what the checks judge: facts, and a container with the GPU where one is there or wanted. */
export async function examine(context: LaunchContext, gateway: DockerGateway, wantsGpu: boolean): Promise<Examination> {
  const [facts, dockerClient, socket] = await Promise.all([
    gatherFacts(context, gateway),
    readDockerClient(context),
    readSocket(gateway),
  ]);
  const signal = readNvidiaSignal(facts.host);
  const [port, freeBytes] = await Promise.all([readPort(gateway, facts), readFreeBytes(facts)]);
  const trial = await tryGpu({ gateway, facts, signal, wantsGpu });
  const nodeVersion = process.versions.node;
  return {
    facts,
    signal,
    endpoint: gateway.endpoint,
    wantsGpu,
    nodeVersion,
    dockerClient,
    socket,
    port,
    freeBytes,
    trial,
  };
}

async function readDockerClient({ env }: LaunchContext): Promise<Fact<string>> {
  const result = await thisMachine(env).run('docker', ['--version'], 5000);
  if (result.kind === 'missing') return known('', 'no docker client on PATH');
  if (result.kind !== 'exited')
    return couldNotAsk(result.kind === 'timeout' ? 'docker --version hangs' : result.reason);
  const version = /Docker version ([^,\s]+)/.exec(result.stdout)?.[1] ?? 'of unknown version';
  return known(`docker client ${version}`, 'docker --version');
}

async function readSocket({ endpoint }: DockerGateway): Promise<Examination['socket']> {
  const { address } = endpoint;
  if (address.kind !== 'unix') return couldNotAsk(`reached by ${address.kind}`);
  try {
    await stat(address.path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return known('missing', address.path);
    return couldNotAsk(messageOf(thrown));
  }
  const isUsable = await access(address.path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return known(isUsable ? 'usable' : 'forbidden', address.path);
}

async function readPort(gateway: DockerGateway, facts: Facts): Promise<Examination['port']> {
  const { remoteHost } = gateway.endpoint;
  if (remoteHost !== undefined) return couldNotAsk(`ports of ${remoteHost} cannot be tried from here`);
  if (await isFree(usualPort)) return known({ port: usualPort }, 'a listener could be opened');
  const ours =
    facts.engine.state === 'known'
      ? await gateway.containers.list({ labels: [`${containerLabels.managed}=true`] }).catch(() => [])
      : [];
  const holder = ours.find(({ ports }) => ports.some(({ hostPort }) => hostPort === usualPort))?.name ?? '';
  return known({ port: usualPort, holder }, 'the address is in use');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function readFreeBytes({ engine, host }: Facts): Promise<Fact<number>> {
  if (engine.state === 'unknown') return couldNotAsk('no engine answers');
  if (host.system.state === 'unknown') return couldNotAsk(host.system.reason);
  const { dataRoot } = engine.value.info;
  try {
    const { bavail, bsize } = await statfs(dataRoot);
    return known(bavail * bsize, dataRoot);
  } catch (thrown) {
    return couldNotAsk(messageOf(thrown));
  }
}
