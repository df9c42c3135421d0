import type { HeaderValue, OnnxHeader } from '../config.js';

/** What an input looks to be for. */
export type InputKind =
  | { readonly kind: 'image'; readonly channels: number; readonly rows: number; readonly columns: number }
  /** What the model gave at the step before; zero at the first. */
  | { readonly kind: 'state' }
  /** Samples of sound. */
  | { readonly kind: 'sound' }
  /** A single number with a meaning, or a few alike. */
  | { readonly kind: 'setting'; readonly value: number | 'side' | 'length' }
  | { readonly kind: 'mask' | 'positions' | 'other' };

const stateName = /^(h|c|hx|cx|hn|cn|h_?0|c_?0)$|state|hidden|cell|cache|memory|past/i;
const soundName = /audio|wave|wav|speech|pcm|sound|voice/i;
const rateName = /^(sr|fs|sample_?rate|sampling_?rate)$/i;

/** Names of lone numbers, and what they may well be. */
const settings: readonly (readonly [name: RegExp, value: number | 'side' | 'length'])[] = [
  [rateName, 16_000],
  [/iou|nms/i, 0.5],
  [/conf|score|thresh/i, 0.25],
  [/scale|ratio|temperature|speed/i, 1],
  [/size|shape|_hw$|_wh$/i, 'side'],
  [/max|top_?k|^k$|^num/i, 100],
  [/len/i, 'length'],
];

/** Judges an input by name, datatype and shape, and by what stands beside it. */
export function kindOf(input: HeaderValue, header: OnnxHeader): InputKind {
  const { name, datatype, shape } = input;
  const isInteger = /^U?INT(32|64)$/.test(datatype);
  const isFloat = datatype.startsWith('FP') || datatype === 'BF16';
  if (isSetting(input)) return { kind: 'setting', value: settings.find(([known]) => known.test(name))?.[1] ?? 1 };
  if (isState(input, header)) return { kind: 'state' };
  if (/mask/i.test(name) && shape.length <= 2) return { kind: 'mask' };
  if (/token_?type|segment/i.test(name) && isInteger) return { kind: 'state' };
  if (/position/i.test(name) && isInteger) return { kind: 'positions' };
  if (isFloat && shape.length <= 3 && isSound(input, header)) return { kind: 'sound' };
  return isFloat || datatype === 'UINT8' ? (imageOf(input) ?? { kind: 'other' }) : { kind: 'other' };
}

/** No dimension, one, or rows of a pair; of numbers. */
function isSetting({ name, datatype, shape, unranked }: HeaderValue): boolean {
  if (unranked === true || datatype === 'BYTES' || datatype === 'BOOL') return false;
  if (shape.length === 0) return true;
  const isRow = shape.length === 1 && (shape[0] === 1 || shape[0] === -1 || shape[0] === 2);
  const isPair = shape.length === 2 && shape[1] === 2;
  return (isRow || isPair) && settings.some(([known]) => known.test(name));
}

function isState({ name, datatype, shape }: HeaderValue, { outputs }: OnnxHeader): boolean {
  const hasTwin = outputs.some((output) => output.datatype === datatype && output.shape.length === shape.length);
  return stateName.test(name) && hasTwin && shape.length > 1;
}

function isSound(input: HeaderValue, header: OnnxHeader): boolean {
  const others = header.inputs.filter((other) => other !== input);
  return (
    soundName.test(input.name) ||
    others.some((other) => rateName.test(other.name) || (input.shape.length === 2 && isState(other, header)))
  );
}

const isChannels = (dim: number | undefined): boolean => dim === 1 || dim === 3 || dim === 4;

function imageOf({ shape }: HeaderValue): InputKind | undefined {
  if (shape.length !== 4) return undefined;
  const isLast = !isChannels(shape[1]) && isChannels(shape[3]);
  if (!isLast && !isChannels(shape[1]) && shape[1] !== -1) return undefined;
  return isLast
    ? { kind: 'image', rows: 1, columns: 2, channels: 3 }
    : { kind: 'image', channels: 1, rows: 2, columns: 3 };
}
