import { datatypes, type Datatype } from '../../../tensor/datatype.js';
import type { DeclaredValue } from '../value-type.js';
import { elementName, toHeaderValue } from '../value.js';
import { innerNameOf, type Way } from './way.js';
import type { HeaderValue } from '../../config.js';
import type { GraphNode, GraphValue } from '../writer.js';

/** An element type that cannot cross, and the one that holds its every value exactly and can. */
interface Carrier {
  /** What the session sees. */
  readonly carried: Datatype;
  /** What clients see. */
  readonly served: Datatype;
  /** Values of the element type, where it has fewer whole numbers than its carrier. */
  readonly range?: readonly [least: number, most: number];
}

/** By TensorProto.DataType. */
const carriers: Readonly<Record<number, Carrier>> = {
  16: { carried: 'FP32', served: 'BF16' },
  17: { carried: 'FP32', served: 'FP32' },
  18: { carried: 'FP32', served: 'FP32' },
  19: { carried: 'FP32', served: 'FP32' },
  20: { carried: 'FP32', served: 'FP32' },
  21: { carried: 'UINT8', served: 'UINT8', range: [0, 15] },
  22: { carried: 'INT8', served: 'INT8', range: [-8, 7] },
  24: { carried: 'FP32', served: 'FP32' },
  25: { carried: 'UINT8', served: 'UINT8', range: [0, 3] },
  26: { carried: 'INT8', served: 'INT8', range: [-2, 1] },
};

/**
 * Inputs and outputs of element types that the runtime computes with but does not pass in or out: a Cast stands between.
 * Undefined for every other.
 */
export function findCastWay(role: 'input' | 'output', { name, type }: DeclaredValue): Way | undefined {
  const carrier = type.kind === 'tensor' ? carriers[type.element] : undefined;
  if (type.kind !== 'tensor' || carrier === undefined) return undefined;
  const { carried, served, range } = carrier;
  const innerName = innerNameOf(name);
  const declared: GraphValue = { name, type: { ...type, element: datatypes[carried].onnx } };
  const value: HeaderValue = {
    ...toHeaderValue(name, served, type),
    ...(range === undefined || role === 'output' ? {} : { range }),
  };
  const node: GraphNode =
    role === 'input'
      ? { op: 'Cast', inputs: [name], outputs: [innerName], attributes: { to: type.element } }
      : { op: 'Cast', inputs: [innerName], outputs: [name], attributes: { to: datatypes[carried].onnx } };
  const own = { declared: [declared], nodes: [node], innerName, values: [value] } as const;
  if (served === 'BF16') return { kind: 'rewritten', ...own, isWidened: true };
  const rounding = role === 'input' && served === 'FP32' ? ', and rounded to it' : '';
  const note = `${role} '${name}' of ${elementName(type.element)}, for which the protocol has no name, is ${role === 'input' ? 'taken' : 'given'} as ${served}${rounding}`;
  return { kind: 'rewritten', ...own, note };
}
