import { classesAsked, type Inference } from '../../protocol/response.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { Codec } from '../codec/codec.js';

/** The classes of those outputs for which a request asks, found beside this thread where they are many; undefined where it asks for none. */
export function findClasses(
  codec: Codec,
  { outputs, ...inference }: Omit<Inference, 'version' | 'classes'>,
): NamedTensors | undefined | Promise<NamedTensors> {
  const asked = classesAsked(inference);
  if (asked === undefined) return undefined;
  const classified = new Map([...outputs].filter(([output]) => asked.some(({ name }) => name === output)));
  const found = codec.classify({ model: inference.model.name, outputs: classified, asked });
  return found instanceof Promise ? found.then((classes) => new Map(classes)) : new Map(found);
}
