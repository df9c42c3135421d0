import { classesAsked, type Classifying } from '../../protocol/response.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { Codec } from '../codec/codec.js';

/** The classes of those outputs for which a request asks, found beside this thread where they are many; undefined where it asks for none. */
export function findClasses(
  codec: Codec,
  inference: Classifying & { readonly outputs: NamedTensors },
): NamedTensors | undefined | Promise<NamedTensors> {
  const asked = classesAsked(inference);
  if (asked === undefined) return undefined;
  const { model, outputs } = inference;
  const classified = new Map([...outputs].filter(([output]) => asked.some(({ name }) => name === output)));
  const found = codec.classify({ model: model.name, outputs: classified, asked });
  return found instanceof Promise ? found.then((classes) => new Map(classes)) : new Map(found);
}
