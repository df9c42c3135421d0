import type { HeaderValue } from '../../config.js';
import type { ProducerNode } from './producers.js';
import type { GraphNode, GraphValue } from '../writer.js';
import { carriedDatatype, describeType, toHeaderValue } from '../value.js';
import type { DeclaredValue } from '../value-type.js';

/** How a declared input or output is served. */
export type Way =
  /** As the file has it. */
  | { readonly kind: 'plain'; readonly value: HeaderValue }
  /** Through nodes that a copy of the file gets. */
  | Rewritten
  /** Not at all. */
  | { readonly kind: 'refused'; readonly reason: string };

/** A model that is served from a changed copy. */
export interface Rewritten {
  readonly kind: 'rewritten';
  readonly values: readonly HeaderValue[];
  /** What the copy declares in its stead. */
  readonly declared: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  /** What its own value is called inside the copy; undefined where that goes with the nodes that made it. */
  readonly innerName?: string;
  readonly removed?: readonly ProducerNode[];
  /** BF16 to clients, FP32 to the session. */
  readonly isWidened?: true;
  /** What is different to clients, for people. */
  readonly note?: string;
}

/** The name of a value that stands behind the one that is served. */
export function innerNameOf(name: string): string {
  return `slipway/${name}`;
}

/** Tensors of a datatype that the runtime passes in and out, as they are. */
export function findPlainWay({ name, type }: DeclaredValue): Way | undefined {
  if (type.kind !== 'tensor') return undefined;
  const datatype = carriedDatatype(type.element);
  return datatype === undefined ? undefined : { kind: 'plain', value: toHeaderValue(name, datatype, type) };
}

/** Why a value cannot be served. */
export function refuse(role: 'input' | 'output', { name, type }: DeclaredValue): Way {
  return {
    kind: 'refused',
    reason: `${role} '${name}' is ${describeType(type)}, which the runtime cannot pass ${role === 'input' ? 'in' : 'out'}`,
  };
}
