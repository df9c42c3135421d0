import { readPlainFiles } from '../../image/plain-files.js';
import type { ImageInput } from '../../model/image-input.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import { undecoded } from '../runner.js';

/** Tensors of more memory are made anew for each run. */
const mostSpareBytes = 16 * 2 ** 20;

/** Makes tensors of image files, those of lone requests in the same memory again and again: new memory costs as much as to fill it. */
export class FileReader {
  readonly #image: ImageInput;
  #spare: ArrayBuffer | undefined;

  constructor(image: ImageInput) {
    this.#image = image;
  }

  /** Inputs of one of so many requests of a run, the files as a tensor; that of a lone request holds until the next. Throws what `isUndecoded` tells. */
  read(inputs: NamedTensors, requests: number): NamedTensors {
    const { config, spec } = this.#image;
    const files = inputs.get(config.input);
    if (files?.datatype !== 'BYTES' || spec.datatype === 'BYTES') return inputs;
    const isLone = requests === 1;
    const spare = isLone ? this.#spare : undefined;
    const tensor = readPlainFiles(files.data, this.#image, { spare, isLent: isLone });
    if (tensor === undefined) throw undecoded();
    const { buffer, byteLength } = tensor.data;
    if (byteLength === buffer.byteLength && byteLength <= mostSpareBytes) this.#spare = buffer;
    return new Map<string, Tensor>(inputs).set(config.input, tensor);
  }
}
