import type { DeclaredValue } from '../value-type.js';
import { findPlainWay, innerNameOf, type Way } from './way.js';

/**
 * An input that is a tensor or absent (optional, opset 15 and later) is taken as the tensor, which a node makes an optional again:
 * the runtime's binding can leave no input out. Undefined for every other type.
 */
export function findOptionalWay({ name, type }: DeclaredValue): Way | undefined {
  if (type.kind !== 'optional' || type.of.kind !== 'tensor') return undefined;
  const tensor = findPlainWay({ name, type: type.of });
  if (tensor?.kind !== 'plain') return undefined;
  const innerName = innerNameOf(name);
  return {
    kind: 'rewritten',
    values: [tensor.value],
    declared: [{ name, type: type.of }],
    nodes: [{ op: 'Optional', inputs: [name], outputs: [innerName] }],
    innerName,
    note: `input '${name}' may be absent in the file, which the runtime's binding does not support; every request must give it`,
  };
}
