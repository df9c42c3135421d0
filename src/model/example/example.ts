import type { Shape } from '../../tensor/shape.js';
import type { HeaderValue, ImageConfig, OnnxHeader } from '../config.js';
import { kindOf, type InputKind } from './input-kind.js';

/** What to send to an input to see the model run. */
export interface InputExample {
  readonly shape: Shape;
  /** One value for all elements; a wave or small whole numbers, as the datatype has it; or 0, 1, 2, ... */
  readonly fill: number | 'varied' | 'positions';
}

/** Sides of images, samples of sound, steps of a sequence. */
const sizes = { classified: 224, image: 320, textLine: 48, sound: 512, sequence: 16 } as const;

/** An example of every input, by name: open dimensions get sizes that models of the kind take, and the same name the same size. */
export function exampleInputs(
  header: OnnxHeader,
  { image }: { readonly image?: ImageConfig | undefined } = {},
): ReadonlyMap<string, InputExample> {
  const named = new Map<string, number>();
  const context: Context = { header, image, named };
  const kinds = header.inputs.map((input) => [input, kindOf(input, header)] as const);
  // Settings of sizes follow what the images and sequences get.
  const isSetting = ([, { kind }]: (typeof kinds)[number]) => kind === 'setting';
  const ordered = [...kinds.filter((each) => !isSetting(each)), ...kinds.filter(isSetting)];
  const examples = new Map<string, InputExample>();
  for (const [input, kind] of ordered) {
    const shape = input.shape.map((dim, axis) => (dim >= 0 ? dim : sizeOf({ input, kind, axis }, context)));
    examples.set(input.name, { shape, fill: fillOf(kind, examples, context) });
  }
  return examples;
}

interface Context {
  readonly header: OnnxHeader;
  readonly image: ImageConfig | undefined;
  /** Sizes by the names of open dimensions. */
  readonly named: Map<string, number>;
}

interface OpenDimension {
  readonly input: HeaderValue;
  readonly kind: InputKind;
  readonly axis: number;
}

function sizeOf(dimension: OpenDimension, context: Context): number {
  const name = dimension.input.dimNames[dimension.axis] ?? '';
  const terms = name.split('+').map((term) => term.trim());
  if (terms.length > 1 && terms.every((term) => /^\w+$/.test(term))) {
    return terms.reduce((sum, term) => sum + named(term, dimension, context), 0);
  }
  return named(name, dimension, context);
}

function named(name: string, dimension: OpenDimension, context: Context): number {
  if (/^\d+$/.test(name)) return Number(name);
  const known = isAnonymous(name) ? undefined : context.named.get(name);
  const size = known ?? chooseSize(name, dimension, context);
  if (!isAnonymous(name)) context.named.set(name, size);
  return size;
}

/** Exporters write these for any dimension whose size they do not know. */
const isAnonymous = (name: string): boolean => !/[a-z]/i.test(name);

function chooseSize(name: string, { input, kind, axis }: OpenDimension, context: Context): number {
  if (/past/i.test(name)) return 0;
  if (/batch|^n$|^b$/i.test(name)) return 1;
  if (kind.kind === 'image') {
    if (axis === kind.channels) return 3;
    if (axis === kind.rows || axis === kind.columns) return sideOf({ input, isRows: axis === kind.rows }, context);
  }
  if (axis === 0) return 1;
  if (kind.kind === 'state') return /seq|len/i.test(name) ? sizes.sequence : 1;
  if (kind.kind === 'setting') return 1;
  if (kind.kind === 'sound') return axis === input.shape.length - 1 ? sizes.sound : 1;
  if (/height|width|^h$|^w$/i.test(name)) return sideOf({ input, isRows: !/w/i.test(name) }, context);
  return sizes.sequence;
}

/** What model.json or the exporter says, else what models of this kind of answer are mostly trained with. */
function sideOf(
  { input, isRows }: { readonly input: HeaderValue; readonly isRows: boolean },
  { header, image }: Context,
): number {
  if (image?.input === input.name) {
    const { width, height } = image.crop ?? image.resize;
    return isRows ? height : width;
  }
  const [first, second = first] = [...(header.metadata['imgsz'] ?? '').matchAll(/\d+/g)].map(Number);
  if (first !== undefined && second !== undefined) return isRows ? first : second;
  if (isRows && readsTextLines(header)) return sizes.textLine;
  const [output] = header.outputs;
  const isClassified = header.outputs.length === 1 && output?.shape.length === 2;
  return isClassified ? sizes.classified : sizes.image;
}

/** Text recognition: characters step by step along a line whose height the model fixes without saying so. No detector lacks a Resize. */
function readsTextLines({ outputs, operators, metadata }: OnnxHeader): boolean {
  if (metadata['character'] !== undefined) return true;
  const [output] = outputs;
  const isSteps =
    outputs.length === 1 && output?.shape.length === 3 && output.shape[1] === -1 && output.shape[2] !== -1;
  return isSteps && !('Resize' in operators) && ['Softmax', 'LogSoftmax', 'LSTM'].some((name) => name in operators);
}

function fillOf(
  kind: InputKind,
  examples: ReadonlyMap<string, InputExample>,
  { header }: Context,
): InputExample['fill'] {
  switch (kind.kind) {
    case 'state':
      return 0;
    case 'mask':
      return 1;
    case 'positions':
      return 'positions';
    case 'setting':
      return typeof kind.value === 'number' ? kind.value : measured(kind.value, examples, header);
    case 'image':
    case 'sound':
    case 'other':
      return 'varied';
  }
}

/** The side of the first image, or the length of the first sequence. */
function measured(
  what: 'side' | 'length',
  examples: ReadonlyMap<string, InputExample>,
  { inputs }: OnnxHeader,
): number {
  const [first] = inputs.filter(({ name }) => (examples.get(name)?.shape.length ?? 0) > 1);
  const shape = examples.get(first?.name ?? '')?.shape ?? [];
  return (what === 'side' && shape.length === 4 ? shape[2] : shape[1]) ?? 1;
}
