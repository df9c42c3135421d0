import { describeValue } from '../complete/contradiction.js';
import { findMethod } from './filters.js';
import type { ImageInput, Size } from './image-input.js';
import { isRecord, isSide, numbersOf, type Json } from './json.js';
import type { Finding } from './types.js';

type Image = NonNullable<Finding['json']['image']>;

interface PreparedImage {
  readonly json: Image;
  /** In short. */
  readonly what: string;
  readonly notes: readonly string[];
}

/** A processor's settings, and the model's architecture, which says its family where the settings do not. */
export interface ProcessorSubject {
  readonly processor: Json;
  readonly architecture: string;
}

/** The image block that a processor of Hugging Face amounts to, or why there is none. */
export function readImage(
  { processor, architecture }: ProcessorSubject,
  { input, width, height }: ImageInput,
): PreparedImage | string {
  const family = familyOf(processor) ?? architecture;
  const unread = findUnread(processor);
  if (unread !== undefined) return `its ${unread} is not supported`;
  const resize = readResize({ processor, family }, { width, height });
  if (typeof resize === 'string') return resize;
  const { json, made } = resize;
  const isOther = (own: number, side: number) => own !== -1 && side !== -1 && own !== side;
  if (isOther(width, made.width) || isOther(height, made.height)) {
    return `it makes ${made.width}x${made.height}, but ${describeValue('input', input)}`;
  }
  const normalised = readNormalisation(processor, family);
  if (typeof normalised === 'string') return normalised;
  const factor = processor['rescale_factor'];
  const scale = processor['do_rescale'] === false ? 1 : typeof factor === 'number' ? factor : 1 / 255;
  const filter = findMethod(processor['resample'], 'preprocessor_config.json');
  if (typeof filter === 'string') return filter;
  const { resample, called, notes } = filter;
  const order = processor['do_flip_channel_order'] === true ? { color: 'bgr' as const } : {};
  const how = resample === undefined ? {} : { resample };
  const bounds = `shortest side ${String(json.resize?.width)}, longest at most ${String(json.resize?.longest)}`;
  const what = `${made.width === -1 ? bounds : `${made.width}x${made.height}`}, ${called}`;
  return { json: { input: input.name, ...json, ...how, ...order, scale, ...normalised }, what, notes };
}

/** As in "ViTImageProcessorFast" or "ViTFeatureExtractor": what it begins with says which it is. */
function familyOf(processor: Json): string | undefined {
  const type = processor['image_processor_type'] ?? processor['feature_extractor_type'];
  return typeof type === 'string' ? type : undefined;
}

/** Steps that are done, or that change nothing of an image's values. */
const known =
  /^do_(resize|center_crop|rescale|normalize|convert_rgb|flip_channel_order|reduce_labels|convert_annotations|pad)$/;

/** A setting that would change pixels in a way that is not done here. */
function findUnread(processor: Json): string | undefined {
  // Without a size of its own, padding makes the images of one batch alike: one alone stays as it is.
  const padding = ['pad_size', 'size_divisor'].find((key) => isNamed(processor[key]));
  if (padding !== undefined && processor['do_pad'] !== false) return padding;
  const multiple = processor['ensure_multiple_of'];
  if (typeof multiple === 'number' && multiple !== 1) return 'ensure_multiple_of';
  return Object.keys(processor).find(
    (key) =>
      processor[key] === true &&
      (['rescale_offset', 'keep_aspect_ratio'].includes(key) || (key.startsWith('do_') && !known.test(key))),
  );
}

const isNamed = (value: unknown): boolean => value !== undefined && value !== null;

/** Mean and deviation, as the processor uses them. */
function readNormalisation(processor: Json, family: string): Pick<Image, 'mean' | 'std'> | string {
  const mean = threeOf(processor['image_mean']);
  const std = threeOf(processor['image_std']);
  // MobileViT's alone leaves values as they are unless it is told otherwise.
  const isNormalised = processor['do_normalize'] ?? !family.startsWith('MobileViT');
  // EfficientNet's divides by the deviation once more.
  const isTwice = processor['include_top'] === true;
  if (isNormalised !== true && !isTwice) return {};
  if (mean === undefined || std === undefined) return 'image_mean and image_std are not three numbers each';
  if (isNormalised !== true) return { mean: [0, 0, 0], std };
  return { mean, std: isTwice ? std.map((value) => value * value) : std };
}

/** One number is that of every channel. */
function threeOf(value: unknown): number[] | undefined {
  const numbers = typeof value === 'number' ? [value, value, value] : numbersOf(value);
  return numbers?.length === 3 ? numbers : undefined;
}

interface Resized {
  readonly json: Pick<Image, 'resize' | 'crop'>;
  readonly made: Size;
}

interface Resizing {
  readonly processor: Json;
  readonly family: string;
}

function readResize({ processor, family }: Resizing, own: Size): Resized | string {
  const side = sidesOf(processor, family);
  if (processor['do_resize'] === false || side === undefined) return 'it does not resize to a given size';
  const crop =
    processor['do_center_crop'] === true
      ? sidesOf({ size: processor['crop_size'] ?? processor['size'] }, '')
      : undefined;
  const cut = crop?.exact ?? square(crop?.shortest);
  const unknownBound = 'the longest_edge of its size is not known of this processor';
  if (side.longest !== undefined && cut !== undefined) return unknownBound;
  const part = processor['crop_pct'];
  if (typeof part === 'number') return readPart({ side, cut, part, family });
  if (side.exact !== undefined) return fill(side.exact, cut);
  if (side.shortest === undefined) return 'its size is neither two sides nor a shortest edge';
  if (cut !== undefined) return cutOut(edgeOf(side.shortest, family), cut);
  const made = 'it makes images of various sizes';
  if (own.width !== -1 || own.height !== -1) {
    const side = (pixels: number) => (pixels === -1 ? 'any' : String(pixels));
    return `${made}, but the model takes ${side(own.width)}x${side(own.height)}`;
  }
  if (side.longest === undefined) return made;
  return detr.test(family) ? bound(side.shortest, side.longest, family) : unknownBound;
}

/** Families that have the processor of DETR, and the longest edge that it has where `size` is a number alone. */
const detr = /^((Conditional|Deformable)?Detr|TableTransformer|Yolos)/;
const mostOfDetr = 1333;

/** YOLOS takes whole patches. */
function bound(shortest: number, longest: number, family: string): Resized {
  const patches = family.startsWith('Yolos')
    ? ({ multipleOf: 16, multipleBy: 'stretch', rounding: 'down' } as const)
    : {};
  const resize = { width: shortest, height: shortest, fit: 'outside', longest, ...patches } as const;
  return { json: { resize }, made: { width: -1, height: -1 } };
}

/** LeViT's processor makes the shortest edge longer than it says. */
const edgeOf = (shortest: number, family: string): number =>
  family.startsWith('Levit') ? Math.floor(shortest * (256 / 224)) : shortest;

const fill = (exact: Size, cut: Size | undefined): Resized => ({
  json: { resize: { ...exact, fit: 'fill' }, ...(cut === undefined ? {} : { crop: cut }) },
  made: cut ?? exact,
});

const cutOut = (edge: number, cut: Size): Resized => ({
  json: { resize: { width: edge, height: edge, fit: 'outside', rounding: 'down' }, crop: cut },
  made: cut,
});

interface Part {
  readonly side: Sides;
  readonly cut: Size | undefined;
  readonly part: number;
  readonly family: string;
}

/** Families that have the processor of ConvNeXt. */
const convNext = /^(ConvNext|ResNet|RegNet|Cvt|Van)/;

/** `crop_pct`, which two processors have: PoolFormer's, that cuts out what is asked for, and ConvNeXt's, that decides by the size. */
function readPart({ side: { exact, shortest }, cut, part, family }: Part): Resized | string {
  const longer = (side: number): number => Math.floor(side / part);
  if (convNext.test(family) && shortest !== undefined && cut === undefined) {
    const whole = { width: shortest, height: shortest };
    return shortest < 384 ? cutOut(longer(shortest), whole) : fill(whole, undefined);
  }
  if (!family.startsWith('PoolFormer')) return 'its crop_pct is not known of this processor';
  if (cut === undefined) return 'it makes images of various sizes';
  if (exact === undefined || exact.width === exact.height) return cutOut(longer(exact?.width ?? shortest ?? 0), cut);
  return fill({ width: longer(exact.width), height: longer(exact.height) }, cut);
}

const square = (side: number | undefined): Size | undefined =>
  side === undefined ? undefined : { width: side, height: side };

interface Sides {
  readonly exact?: Size;
  readonly shortest?: number;
  /** The most that the longest edge may be. */
  readonly longest?: number;
}

/** Families whose `size`, where it is one number, is the shortest edge; those of others have both sides. */
const shortestFirst =
  /^(Bit|ChineseCLIP|CLIP|ConvNext|Cvt|Dinov2|FocalNet|Levit|MobileNetV[12]|MobileViT|PoolFormer|RegNet|ResNet|Siglip|TextNet|Van|(Conditional|Deformable)?Detr|Yolos)/;

function sidesOf(processor: Json, family: string): Sides | undefined {
  const { size, max_size: most } = processor;
  if (isSide(size)) {
    if (!shortestFirst.test(family)) return { exact: { width: size, height: size } };
    return { shortest: size, ...(detr.test(family) ? { longest: isSide(most) ? most : mostOfDetr } : {}) };
  }
  if (!isRecord(size)) return undefined;
  const { width, height, shortest_edge: shortest, longest_edge: longest } = size;
  if (isSide(width) && isSide(height)) return { exact: { width, height } };
  if (!isSide(shortest)) return {};
  return isSide(longest) ? { shortest, longest } : { shortest };
}
