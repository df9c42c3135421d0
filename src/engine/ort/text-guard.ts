import { AppError } from '../../errors.js';
import { hasOnlyUtf8 } from '../../model/onnx/reader.js';
import type { BytesTensor } from '../../tensor/tensor.js';

/** What the runtime's binding puts in the place of bytes that are not UTF-8, before anybody can see them. */
const replacement = '\ufffd';

/**
 * Keeps outputs whose bytes were lost from being taken for texts. Inputs are UTF-8, and operators make nothing else of it: bytes that
 * are not come from the model file alone. It is looked through when the first replacement character shows up, since one that
 * the model really gave is a character like others.
 */
export class TextGuard {
  readonly #modelPath: string;
  #hasOnlyUtf8: boolean | undefined;

  constructor(modelPath: string) {
    this.#modelPath = modelPath;
  }

  /** Throws ENGINE_FAILED for a text that may have been something else. */
  check(name: string, { data }: BytesTensor): void {
    const index = data.findIndex((text) => typeof text === 'string' && text.includes(replacement));
    if (index === -1 || (this.#hasOnlyUtf8 ??= hasOnlyUtf8(this.#modelPath))) return;
    throw new AppError(
      'ENGINE_FAILED',
      `Element ${index} of BYTES output ${name} is not valid UTF-8, or cannot be distinguished from such a text: the model file holds texts in another encoding, whose bytes ONNX Runtime for Node.js replaces before they can be read. Export the model with its texts in UTF-8.`,
      { details: { output: name, element: index } },
    );
  }
}
