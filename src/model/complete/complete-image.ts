import { omitUndefined } from '../../omit-undefined.js';
import type { ModelJson } from '../config-schema.js';
import type { CropConfig, HeaderValue, ImageConfig, OnnxHeader, ResizeConfig, ResizeFit } from '../config.js';
import { contradiction, describeValue, findValue } from './contradiction.js';

type ImageJson = NonNullable<ModelJson['image']>;

/** What the declared shape says of the image; -1 where it is variable. */
interface Image {
  readonly subject: string;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Image input of a model: size, layout and colour come from the declared shape where model.json does not give them. */
export function completeImage(json: ImageJson, header: OnnxHeader): ImageConfig {
  const input = findValue(header.inputs, 'image.input', json.input);
  const image = readImage(input, json.layout);
  const color = json.color ?? (image.channels === 1 ? 'gray' : 'rgb');
  const channels = color === 'gray' ? 1 : 3;
  if (image.channels !== -1 && image.channels !== channels) {
    throw contradiction(
      `image.color "${color}" has ${channels} channels, but ${image.subject} takes ${image.channels} in the layout ${image.layout}`,
      'Set image.color or image.layout to what the model was trained with',
    );
  }
  checkPerChannel('mean', json.mean, channels);
  checkPerChannel('std', json.std, channels);
  const resize = completeResize(json, image);
  checkSize(json, resize, image);
  return {
    input: input.name,
    resize,
    ...(json.crop === undefined ? {} : { crop: completeCrop(json.crop) }),
    color,
    layout: image.layout,
    scale: json.scale ?? (/INT/.test(input.datatype) ? 1 : 1 / 255),
    // Pixels quantised to INT8 are those of UINT8 less 128, as TensorFlow Lite has them.
    mean: json.mean ?? [input.datatype === 'INT8' && json.scale === undefined ? 128 : 0],
    std: json.std ?? [1],
    invert: json.invert ?? false,
  };
}

const completeCrop = ({ width, height, rounding }: NonNullable<ImageJson['crop']>): CropConfig => ({
  width,
  height,
  ...omitUndefined({ rounding }),
});

function readImage(input: HeaderValue, wish: ImageConfig['layout'] | undefined): Image {
  const subject = describeValue('input', input);
  const { shape, datatype } = input;
  const [a = -1, b = -1, c = -1] = shape.slice(-3);
  // Of three dimensions an open first one would be rows.
  const isRank = shape.length === 4 || (shape.length === 3 && a !== -1);
  if (!isRank || datatype === 'BYTES' || datatype === 'BOOL') {
    throw contradiction(
      `${subject} cannot take an image`,
      'Expected an input of numbers with 4 dimensions (NCHW or NHWC), or with 3 of which the first is fixed',
    );
  }
  const isChannels = (dim: number) => dim === 1 || dim === 3;
  const layout = wish ?? (!isChannels(a) && isChannels(c) ? 'NHWC' : 'NCHW');
  return layout === 'NCHW'
    ? { subject, layout, channels: a, height: b, width: c }
    : { subject, layout, channels: c, height: a, width: b };
}

function checkPerChannel(key: 'mean' | 'std', values: readonly number[] | undefined, channels: number): void {
  if (values === undefined || values.length === 1 || values.length === channels) return;
  throw contradiction(
    `image.${key} has ${values.length} values for ${channels} channel(s)`,
    `Give one value, or ${channels}`,
  );
}

/** Fits after which the image keeps its proportions, so that its size is its own. */
const isOpenFit = (fit: ResizeFit): boolean => fit === 'inside' || fit === 'outside' || fit === 'height';

function completeResize(json: ImageJson, image: Image): ResizeConfig {
  const { resize = {} } = json;
  const side = (key: 'width' | 'height'): number => {
    const size = resize[key] ?? json.crop?.[key] ?? image[key];
    if (size !== -1) return size;
    throw contradiction(
      `image.resize.${key} is missing and ${image.subject} has a variable ${key}`,
      `Set image.resize.${key} in pixels`,
    );
  };
  const { fit = 'cover', multipleOf, multipleBy = 'bars' } = resize;
  checkOpenOnly(resize, fit);
  const [width, height] = [side('width'), side('height')];
  if (resize.longest !== undefined && (fit !== 'outside' || width !== height || json.crop !== undefined)) {
    throw contradiction(
      `image.resize.longest does not work with ${json.crop === undefined ? `fit "${fit}" and ${width}x${height}` : 'image.crop'}`,
      'Use fit "outside", the shorter side as both width and height, and no crop',
    );
  }
  return {
    width,
    height,
    fit,
    background: resize.background ?? [0],
    ...(multipleOf === undefined ? {} : { multiple: { of: multipleOf, by: multipleBy } }),
    ...omitUndefined({
      anchor: resize.anchor,
      longest: resize.longest,
      enlarge: resize.enlarge,
      rounding: resize.rounding,
      method: json.resample,
      library: resize.library,
    }),
  };
}

/** What would have no effect, or not the one that was meant, is refused. */
function checkOpenOnly(resize: NonNullable<ImageJson['resize']>, fit: ResizeFit): void {
  const refuse = (key: string, expected: string): never => {
    throw contradiction(`image.resize.${key} does not work with fit "${fit}"`, expected);
  };
  if (resize.multipleOf !== undefined && !isOpenFit(fit)) {
    refuse('multipleOf', 'Use fit "inside", "outside" or "height"; the others give exactly width x height');
  }
  if (resize.multipleBy !== undefined && resize.multipleOf === undefined) {
    throw contradiction('image.resize.multipleBy needs multipleOf', 'Set image.resize.multipleOf, such as 32');
  }
  const hasBars = fit === 'contain' || (resize.multipleOf !== undefined && resize.multipleBy !== 'stretch');
  if (resize.anchor !== undefined && !hasBars) {
    refuse('anchor', 'Use fit "contain", or multipleOf with bars: an anchor says where the image lies between bars');
  }
  if (resize.enlarge === false && fit !== 'inside' && fit !== 'contain') {
    refuse('enlarge: false', 'Use fit "inside" or "contain"');
  }
  if (resize.rounding !== undefined && fit === 'fill') refuse('rounding', 'Both sides are given');
}

/** Whether the image that comes out has the size that the model takes. */
function checkSize(json: ImageJson, resize: ResizeConfig, image: Image): void {
  const { width, height, fit } = resize;
  const { crop } = json;
  if (crop !== undefined && (fit === 'inside' || fit === 'height' || crop.width > width || crop.height > height)) {
    throw contradiction(
      `image.crop ${crop.width}x${crop.height} may not lie within image.resize ${width}x${height} with fit "${fit}"`,
      'Resize to at least the size of the crop, with fit "cover", "contain", "fill" or "outside"',
    );
  }
  const isOpen = crop === undefined && isOpenFit(fit);
  const isHeightOpen = isOpen && fit !== 'height';
  if (isOpen && (image.width !== -1 || (isHeightOpen && image.height !== -1))) {
    throw contradiction(
      `image.resize.fit "${fit}" gives images of various sizes, but ${image.subject} takes one size`,
      'Use fit "cover", "contain" or "fill", or add image.crop',
    );
  }
  const made = crop ?? resize;
  const fits = (key: 'width' | 'height') => image[key] === -1 || image[key] === made[key];
  if ((isOpen || fits('width')) && (isHeightOpen || fits('height'))) return;
  const key = crop === undefined ? 'image.resize' : 'image.crop';
  throw contradiction(
    `${key} makes ${made.width}x${made.height} (width x height), but ${image.subject} takes ${image.width}x${image.height} in the layout ${image.layout}`,
    `Set ${key} to the model's size`,
  );
}
