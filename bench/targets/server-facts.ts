import { readFile } from 'node:fs/promises';
import { AppError } from '../../src/errors.js';
import { buildPath } from '../../src/protocol/paths.js';
import { isDatatype } from '../../src/tensor/datatype.js';
import type { TensorSpec } from '../../src/tensor/tensor.js';
import type { DeviceProof, MemoryReading } from '../types.js';
import { urlOf, type Target } from './target.js';

/** A model as a server describes it. */
export interface ServedModel {
  /** Those that a request has to give. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly properties: Readonly<Record<string, string>>;
}

interface WireModel {
  readonly inputs?: readonly (TensorSpec & { readonly optional?: boolean })[];
  readonly outputs?: readonly TensorSpec[];
  readonly properties?: Readonly<Record<string, string>>;
}

/** Asks for a model's metadata. Rejects with MODEL_NOT_FOUND and the server's words. */
export async function readModel({ origin }: Pick<Target, 'origin'>, model: string): Promise<ServedModel> {
  const url = urlOf(origin) + buildPath('model', { model });
  const answer = await fetch(url, { headers: origin.headers });
  const text = await answer.text();
  if (!answer.ok) throw new AppError('MODEL_NOT_FOUND', `${url} answered ${answer.status}: ${text.slice(0, 200)}`);
  const { inputs = [], outputs = [], properties = {} } = JSON.parse(text) as WireModel;
  const strange = inputs.find(({ datatype }) => !isDatatype(datatype));
  if (strange !== undefined)
    throw new AppError('MODEL_INVALID', `${url}: datatype ${strange.datatype as string} is not known`);
  return { inputs: inputs.filter(({ optional }) => optional !== true), outputs, properties };
}

/** What the server says of its threads at /v2; null where it does not. */
export async function readThreads({ origin }: Target): Promise<Readonly<Record<string, number | string>> | null> {
  const answer = await fetch(urlOf(origin) + buildPath('server'), { headers: origin.headers });
  const body = (await answer.json().catch(() => ({}))) as { slipway?: { threads?: Record<string, number | string> } };
  return body.slipway?.threads ?? null;
}

/** The device that computes a model, as the server proves it; a server that says nothing has proved nothing. */
export function readProof({ properties }: ServedModel): DeviceProof {
  const { device, device_evidence: evidence } = properties;
  if (device === undefined)
    return { device: 'unknown', evidence: 'the server does not say', isGpu: false, isSoftware: false };
  const isSoftware = device.endsWith('(software)');
  const isGpu = !isSoftware && device !== 'cpu' && evidence !== undefined;
  return { device, evidence: evidence ?? 'none given', isGpu, isSoftware };
}

/** CPU seconds of the server's process so far (`process_cpu_seconds_total`), or undefined where /metrics does not say. */
export async function readCpuSeconds(target: Target): Promise<number | undefined> {
  return findMetric(await readMetrics(target), 'process_cpu_seconds_total');
}

/** Memory of the server now: of a native one as the kernel counts it, else as /metrics says. */
export async function readMemory(target: Target, moment: MemoryReading['moment']): Promise<MemoryReading> {
  const rollup =
    target.pid === undefined ? '' : await readFile(`/proc/${target.pid}/smaps_rollup`, 'utf8').catch(() => '');
  const memory = parseSmapsRollup(rollup);
  if (memory !== undefined) return { moment, ...memory };
  const rss = findMetric(await readMetrics(target), 'process_resident_memory_bytes');
  return { moment, rssBytes: rss ?? null, pssBytes: null };
}

/** Node.js that the server runs on (`nodejs_version_info`), or undefined where /metrics does not say. */
export async function readNodeVersion(target: Target): Promise<string | undefined> {
  return /^nodejs_version_info\{version="([^"]+)"/m.exec(await readMetrics(target))?.[1];
}

async function readMetrics({ origin }: Target): Promise<string> {
  const answer = await fetch(`${urlOf(origin)}/metrics`, { headers: origin.headers }).catch(() => undefined);
  return answer?.ok === true ? await answer.text() : '';
}

/** A metric without labels out of the text exposition format. */
function findMetric(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1];
  return value === undefined || Number.isNaN(Number(value)) ? undefined : Number(value);
}

/** Memory of a process as the kernel counts it. Pss divides shared pages among those who map them. */
interface ProcessMemory {
  readonly rssBytes: number;
  readonly pssBytes: number;
}

/** /proc/<pid>/smaps_rollup; undefined where a figure is missing. */
export function parseSmapsRollup(text: string): ProcessMemory | undefined {
  const figure = (name: string): number | undefined => {
    const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  };
  const [rssBytes, pssBytes] = [figure('Rss'), figure('Pss')];
  return rssBytes === undefined || pssBytes === undefined ? undefined : { rssBytes, pssBytes };
}
