import { AppError } from '../../errors.js';
import type { ImageSize } from '../../image/fit.js';
import type { SizedImages } from '../../image/image-tensor.js';
import { adviseImage } from '../../model/found/ultraface.js';
import type { CheckedRequest } from '../../protocol/validate.js';
import type { ServableModel } from '../../repository/types.js';
import type { BytesElement, Tensor } from '../../tensor/tensor.js';
import type { Codec, ImagesToDecode } from '../codec/codec.js';

/** The request with its pictures made into the model's input tensor; the same request where it has none. */
export function withPictures<T extends CheckedRequest>(codec: Codec, request: T, model: ServableModel): T | Promise<T> {
  const name = model.config.image?.input;
  const tensor = name === undefined ? undefined : request.inputs.get(name);
  if (name === undefined || tensor?.datatype !== 'BYTES') return request;
  return readPictures(codec, tensor.data, model).then((input) => {
    return { ...request, inputs: new Map(request.inputs).set(name, input) };
  });
}

/** Pictures as the model's image input, a row each. Throws INVALID_INPUT where the model takes none. */
function readPictures(codec: Codec, pictures: readonly BytesElement[], model: ServableModel): Promise<Tensor> {
  return codec.decodeImages(imagesOf(pictures, model));
}

/** The same with the images' own sizes. */
function readSizedPictures(
  codec: Codec,
  pictures: readonly BytesElement[],
  model: ServableModel,
): Promise<SizedImages> {
  return codec.decodeSizedImages(imagesOf(pictures, model));
}

/** Only a detector's answer needs the images' own sizes. */
export async function readImages(
  codec: Codec,
  images: readonly BytesElement[],
  model: ServableModel,
): Promise<{ readonly tensor: Tensor; readonly sizes?: readonly ImageSize[] }> {
  if (model.config.detection !== undefined) return readSizedPictures(codec, images, model);
  return { tensor: await readPictures(codec, images, model) };
}

function imagesOf(pictures: readonly BytesElement[], model: ServableModel): ImagesToDecode {
  const { image: config } = model.config;
  const spec = model.inputs.find(({ name }) => name === config?.input);
  if (config !== undefined && spec !== undefined) return { model: model.name, pictures, config, spec };
  const inputs = `its inputs (${model.inputs.map(({ name }) => name).join(', ')}) as tensors`;
  const advice = adviseImage(model.header);
  const instead =
    model.config.text === undefined ? inputs : '{"text": "..."}, or text with the Content-Type text/plain,';
  const ways = advice === undefined ? '' : `, or write into its model.json: ${advice}`;
  throw new AppError(
    'INVALID_INPUT',
    `Model '${model.name}' takes no pictures: its model.json has no "image". Send ${instead} instead${ways}.`,
  );
}
