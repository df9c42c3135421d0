import { arrayOf, type NumericDatatype } from '../../tensor/datatype.js';
import type { NumericTensor, Tensor } from '../../tensor/tensor.js';

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
