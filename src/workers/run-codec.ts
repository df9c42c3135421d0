import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import type { FromWorker, TensorPairs, ToWorker } from './link/messages.js';
import { pack, unpack } from './link/packet.js';
import type { RunJob, RunOutcome } from './runner.js';
import { toPairs } from './link/transfer.js';

type RunMessage = Extract<ToWorker, { kind: 'run' }>;
type FailedMessage = Extract<FromWorker, { kind: 'failed' }>;
type RanMessage = Extract<FromWorker, { kind: 'ran' }>;

/** A message as it crosses: a packet where the tensors are small, otherwise an object with the buffers that move. */
export interface Crossing<Message> {
  readonly message: string | Message;
  readonly transfer: readonly ArrayBuffer[];
}

const nothing: readonly ArrayBuffer[] = [];

/** A job for a worker. Small tensors are copied, the buffers of large ones move. */
export function encodeRun(session: number, { requests, rows, outputs }: RunJob): Crossing<RunMessage> {
  const topic = `${session}:${rows}:${outputs.map(encodeURIComponent).join(',')}`;
  const packet = pack({ topic, figures: [], groups: requests.map((request) => [...request]) });
  if (packet !== undefined) return { message: packet, transfer: nothing };
  const moved = new Set<ArrayBuffer>();
  const pairs: TensorPairs[] = requests.map((request) => toPairs(request, moved));
  return { message: { kind: 'run', session, requests: pairs, rows, outputs }, transfer: [...moved] };
}

/** The job that a packet holds. */
export function decodeRun(packet: string): RunMessage {
  const { topic, groups } = unpack(packet);
  const [session, rows, names = ''] = topic.split(':');
  const outputs = names === '' ? [] : names.split(',').map(decodeURIComponent);
  return { kind: 'run', session: Number(session), requests: groups, rows: Number(rows), outputs };
}

/** A worker's answer. Every output has a buffer of its own, so that large ones all move. */
export function encodeRan(ran: RanMessage): Crossing<RanMessage> {
  const { inputNs, computeNs, outputNs, decodeNs } = ran.timing;
  const figures = [inputNs, computeNs, outputNs, ...(decodeNs === undefined ? [] : [decodeNs])];
  const packet = pack({ topic: 'ran', figures, groups: [ran.outputs] });
  if (packet !== undefined) return { message: packet, transfer: nothing };
  return { message: ran, transfer: ran.outputs.flatMap(([, tensor]) => buffersOf(tensor)) };
}

/** A failure with the inputs of a run whose buffers had moved here: they move back, since its requests may succeed alone. */
export function encodeFailed(failed: FailedMessage, order: ToWorker): Crossing<FailedMessage> {
  if (order.kind !== 'run') return { message: failed, transfer: nothing };
  const { requests } = order;
  const buffers = requests.flatMap((request) => request.flatMap(([, tensor]) => buffersOf(tensor)));
  return { message: { ...failed, requests }, transfer: [...new Set(buffers)] };
}

/** What a worker answered to a run. */
export function decodeRan(answer: string | RanMessage): RunOutcome {
  if (typeof answer !== 'string') return { outputs: new Map(answer.outputs), timing: answer.timing };
  const { figures, groups } = unpack(answer);
  const [inputNs = 0, computeNs = 0, outputNs = 0, decodeNs] = figures;
  const outputs: NamedTensors = new Map(groups[0]);
  return { outputs, timing: { inputNs, computeNs, outputNs, ...(decodeNs !== undefined && { decodeNs }) } };
}

function buffersOf(tensor: Tensor): readonly ArrayBuffer[] {
  return tensor.datatype === 'BYTES' ? nothing : [tensor.data.buffer];
}
