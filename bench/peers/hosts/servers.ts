import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../../src/errors.js';
import { buildPath } from '../../../src/protocol/paths.js';
import type { Payload } from '../../targets/requests.js';
import { planNative } from '../../targets/native.js';
import { peers, type Peer, type PeerWork } from '../catalogue.js';
import type { StagedModel } from '../models.js';
import { buildPeerPayloads } from '../payloads.js';
import { readVersions, setUpPeer } from './setup.js';
import { startPeer, type RunningServer } from './start.js';
import type { ServerReport } from '../types.js';
import { ours } from '../report/verdict.js';
import type { Workload } from '../../workloads.js';

/** The project's folder; this file is built into dist/bench/peers. */
export const projectRoot = fileURLToPath(new URL('../../../../', import.meta.url));
const serversFolder = join(projectRoot, 'bench', 'peers', 'servers');

/** A server that takes part in a workload, with what it is asked. */
export interface Contestant {
  readonly name: string;
  readonly server: RunningServer;
  readonly payloads: readonly Payload[];
}

/** What servers are started with. */
export interface ServerOptions {
  /** Names of the peers wished for. */
  readonly peers: readonly string[];
  readonly threads: number;
  readonly images: readonly Uint8Array<ArrayBuffer>[];
  /** What servers inherit. */
  readonly env: NodeJS.ProcessEnv;
  /** For temporary files. */
  readonly folder: string;
  readonly cacheFolder: string;
  readonly runtime: string;
  readonly signal: AbortSignal;
  readonly narrate: (line: string) => void;
}

/** Servers that run, with what starting them showed. */
export interface StartedServers {
  readonly contestants: readonly Contestant[];
  readonly reports: readonly ServerReport[];
}

/** Starts ours and every peer of a workload, one after another; one that cannot be installed or started is reported with its reason. */
export async function startServers(
  workload: Workload,
  staged: StagedModel,
  options: ServerOptions,
): Promise<StartedServers> {
  const contestants: Contestant[] = [];
  const reports: ServerReport[] = [];
  const wanted = peers.filter(({ name }) => options.peers.includes(name));
  try {
    for (const name of [ours, ...wanted.map((peer) => peer.name)]) {
      const peer = wanted.find((other) => other.name === name);
      const started = await (peer === undefined
        ? startOurs(workload, staged, options)
        : startOther(peer, { workload, staged, options }));
      if (started.contestant !== undefined) contestants.push(started.contestant);
      else if (started.report.state === 'skipped') options.narrate(`${name} is skipped: ${started.report.reason}`);
      reports.push(started.report);
    }
  } catch (error) {
    await Promise.all(contestants.map(({ server }) => server.stop()));
    throw error;
  }
  return { contestants, reports };
}

interface Started {
  readonly contestant?: Contestant;
  readonly report: ServerReport;
}

/** How this project's server is asked: tensors and JSON by the protocol, images by the short form. */
export function ourWork({ name, model }: Workload): PeerWork {
  const infer = buildPath('model-infer', { model });
  if (name === 'tensor') return { form: 'protocol', path: infer, answers: 'both outputs as binary data' };
  if (name === 'json') return { form: 'json', path: infer, answers: 'both outputs as JSON' };
  // Whatever its score: as the others answer.
  const path = `${buildPath('predictions', { model })}?max=1&score=0`;
  return { form: 'jpeg', path, answers: 'the best box and its score as JSON' };
}

async function startOurs(workload: Workload, staged: StagedModel, options: ServerOptions): Promise<Started> {
  const { folder, signal, narrate, images } = options;
  const { name: work } = workload;
  const { form, path, answers } = ourWork(workload);
  const flags = ['--cache-dir', join(folder, 'cache')];
  const plan = planNative({ provider: 'cpu', env: options.env, flags });
  try {
    const target = await plan.start({ repository: staged.repository, signal, narrate });
    return {
      contestant: {
        name: ours,
        server: { origin: target.origin, pid: target.pid ?? 0, stop: () => target.stop() },
        payloads: buildPeerPayloads({ work, form, path, images }),
      },
      report: {
        name: ours,
        work,
        state: 'measured',
        versions: [`Node.js ${process.version}`, `onnxruntime-node ${options.runtime}`],
        answers,
      },
    };
  } catch (error) {
    signal.throwIfAborted();
    return { report: { name: ours, work, state: 'skipped', reason: messageOf(error) } };
  }
}

async function startOther(
  peer: Peer,
  {
    workload: { name: work },
    staged,
    options,
  }: { readonly workload: Workload; readonly staged: StagedModel; readonly options: ServerOptions },
): Promise<Started> {
  const { name } = peer;
  const { signal, images, threads, narrate } = options;
  const does = peer.works[work];
  if (does === undefined) {
    return { report: { name, work, state: 'skipped', reason: peer.leftOut ?? 'it does not do this' } };
  }
  try {
    const command = await setUpPeer(peer, options);
    const payloads = buildPeerPayloads({ work, ...does, images });
    const [probe] = payloads;
    if (probe === undefined) throw new Error('there is no image to send');
    narrate(`${name}: starting`);
    const options_ = { model: staged.modelPath, work, threads: String(threads) };
    const args = Object.entries(options_).flatMap(([flag, value]) => [`--${flag}`, value]);
    const server = await startPeer({
      command,
      args: [join(serversFolder, peer.file), ...args],
      probe,
      env: options.env,
      signal,
    });
    const versions = await readVersions(peer, command);
    return {
      contestant: { name, server, payloads },
      report: { name, work, state: 'measured', versions, answers: does.answers },
    };
  } catch (error) {
    signal.throwIfAborted();
    return { report: { name, work, state: 'skipped', reason: messageOf(error) } };
  }
}
