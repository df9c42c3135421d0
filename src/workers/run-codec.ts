import type { NamedTensors, Tensor, NumericTensor } from '../tensor/tensor.js';
import type { FromWorker, TensorPairs, ToWorker } from './link/link.js';
import type { RunJob, RunOutcome } from './runner.js';
import { arrayOf, type NumericDatatype, type NumericData } from '../tensor/datatype.js';
import { isKept } from '../tensor/release.js';

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

/** From this size on a buffer is moved instead of copied into the message, unless it is Node's pool, which cannot be moved. */
const transferFromBytes = 4096;

/**
 * Tensors made ready to cross a thread: pairs, with the buffers to move appended to `moved`. A small tensor is copied out of
 * whatever larger buffer it is a view of, since cloning a view clones all that lies under it; a large one moves with its
 * whole buffer, which its sender loses.
 */
function toPairs(tensors: NamedTensors, moved: Set<ArrayBuffer>): TensorPairs {
  const pairs: [string, Tensor][] = [];
  for (const [name, tensor] of tensors)
    pairs.push([name, tensor.datatype === 'BYTES' ? tensor : toMovable(tensor, moved)]);
  return pairs;
}

function toMovable(
  tensor: { readonly datatype: NumericDatatype; readonly shape: Tensor['shape']; readonly data: NumericData },
  moved: Set<ArrayBuffer>,
): Tensor {
  const { datatype, shape, data } = tensor;
  if (data.byteLength >= transferFromBytes && !isKept(data.buffer)) {
    moved.add(data.buffer);
    return { datatype, shape, data };
  }
  return data.byteLength === data.buffer.byteLength
    ? { datatype, shape, data }
    : { datatype, shape, data: data.slice() };
}

/**
 * Small tensors in one string: a text that says what they are, a line break, then figures and data as bytes, one a
 * character. A short string crosses threads for a fraction of what objects with buffers cost, which is most of the cost of
 * running a small model.
 */
export interface Packet {
  /** Text of the sender's own, without spaces and line breaks. */
  readonly topic: string;
  readonly figures: readonly number[];
  readonly groups: readonly (readonly (readonly [name: string, tensor: Tensor])[])[];
}

/** Above this many bytes in all a packet costs more than moving buffers. */
const mostBytes = 4096;
const alignment = 8;
const scratch = Buffer.alloc(mostBytes);
const scratchFigures = new Float64Array(scratch.buffer, scratch.byteOffset, 8);

/** The packet as a string, or undefined where it does not fit: more than 4 KiB or more than 8 figures, or texts in it. */
export function pack({ topic, figures, groups }: Packet): string | undefined {
  let at = figures.length * alignment;
  if (figures.length > scratchFigures.length) return undefined;
  scratchFigures.set(figures);
  let head = `${topic} ${figures.length} `;
  for (const group of groups) {
    for (const [name, tensor] of group) {
      if (tensor.datatype === 'BYTES' || at + tensor.data.byteLength > mostBytes) return undefined;
      const { buffer, byteOffset, byteLength } = tensor.data;
      scratch.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at = align(at + byteLength);
      head += `${quote(name)}:${tensor.datatype}:${tensor.shape.join(',')};`;
    }
    head += '/';
  }
  return `${head}\n${scratch.toString('latin1', 0, Math.min(at, mostBytes))}`;
}

/** The reverse of pack. All tensors are views of one new buffer. */
export function unpack(text: string): Packet {
  const end = text.indexOf('\n');
  const layout = findLayout(text.slice(0, end));
  const buffer = new ArrayBuffer(layout.bytes);
  Buffer.from(buffer).write(text.slice(end + 1), 'latin1');
  const figures = [...new Float64Array(buffer, 0, layout.figures)];
  const groups = layout.groups.map((group) => group.map((place) => [place.name, view(buffer, place)] as const));
  return { topic: layout.topic, figures, groups };
}

/** Where a tensor lies in the bytes of a packet. */
interface Place {
  readonly name: string;
  readonly datatype: NumericDatatype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly elements: number;
}

interface Layout {
  readonly topic: string;
  readonly figures: number;
  readonly groups: readonly (readonly Place[])[];
  readonly bytes: number;
}

/** Heads are few, since they repeat with every request of a shape; should they not be, the cache starts again. */
const layouts = new Map<string, Layout>();
const mostLayouts = 4096;
const quoted = new Map<string, string>();

function findLayout(head: string): Layout {
  const known = layouts.get(head);
  if (known !== undefined) return known;
  if (layouts.size >= mostLayouts) layouts.clear();
  const layout = parseHead(head);
  layouts.set(head, layout);
  return layout;
}

function parseHead(head: string): Layout {
  const [topic = '', figures = '0', rest = ''] = head.split(' ');
  let offset = Number(figures) * alignment;
  const groups = rest
    .split('/')
    .slice(0, -1)
    .map((group) =>
      group
        .split(';')
        .slice(0, -1)
        .map((text) => {
          const [name = '', datatype = '', dims = ''] = text.split(':');
          const shape = dims === '' ? [] : dims.split(',').map(Number);
          const elements = shape.reduce((product, dim) => product * dim, 1);
          const place = {
            name: decodeURIComponent(name),
            datatype: datatype as NumericDatatype,
            shape,
            offset,
            elements,
          };
          offset = align(offset + elements * arrayOf(place.datatype).BYTES_PER_ELEMENT);
          return place;
        }),
    );
  return { topic, figures: Number(figures), groups, bytes: offset };
}

function view(buffer: ArrayBuffer, { datatype, shape, offset, elements }: Place): NumericTensor {
  return { datatype, shape, data: new (arrayOf(datatype))(buffer, offset, elements) };
}

function align(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** A name that holds none of the head's own signs. Names come from loaded models, so that they are few. */
function quote(name: string): string {
  const known = quoted.get(name);
  if (known !== undefined) return known;
  if (quoted.size >= mostLayouts) quoted.clear();
  const text = encodeURIComponent(name);
  quoted.set(name, text);
  return text;
}
