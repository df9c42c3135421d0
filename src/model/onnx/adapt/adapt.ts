import { AppError } from '../../../errors.js';
import type { HeaderValue } from '../../config.js';
import { findCastWay } from './cast-way.js';
import type { GraphEdit } from '../edit/edit-graph.js';
import type { WireReader } from '../fields.js';
import { dependsOnOrigin, findOutputWay } from './output-way.js';
import { findOrigins } from './producers.js';
import type { Span } from '../edit/splice.js';
import { declareType, typeOutputs } from './untyped-output.js';
import type { DeclaredValue } from '../value-type.js';
import { findPlainWay, refuse, type Way, innerNameOf } from './way.js';

/** What a file declares. */
export interface DeclaredGraph {
  readonly wire: WireReader;
  readonly graph: Span;
  readonly inputs: readonly DeclaredValue[];
  /** Inputs with a default. */
  readonly defaulted: readonly DeclaredValue[];
  readonly outputs: readonly DeclaredValue[];
  readonly hasDefaultOpset: boolean;
}

/** How the declared inputs and outputs are served, and what a copy of the file needs for that. */
export interface Adaptation {
  readonly inputs: readonly HeaderValue[];
  readonly defaultedInputs: readonly HeaderValue[];
  readonly outputs: readonly HeaderValue[];
  readonly widened: readonly string[];
  readonly adaptations: readonly string[];
  /** Undefined where the file serves as it is. */
  readonly edit: GraphEdit | undefined;
}

interface Decided {
  readonly declared: DeclaredValue;
  readonly way: Way;
}

/**
 * Decides for every input and output how it is served. Inputs with a default become constants, so that the runtime can
 * prepare them, but for those `replaced`, whose default goes. Throws MODEL_INVALID where an input that has to be given, or every
 * output, cannot cross.
 */
export function adaptGraph(file: DeclaredGraph, replaced: ReadonlySet<string>): Adaptation {
  const inputs = file.inputs.map((declared) => ({ declared, way: findInputWay(declared) }));
  for (const { way } of inputs) if (way.kind === 'refused') throw unservable(way.reason);
  const outputs = decideOutputs(file);
  const lost = outputs.flatMap(({ way }) => (way.kind === 'refused' ? [way.reason] : []));
  if (lost.length === outputs.length) throw unservable(lost.join('; '));
  const defaultedInputs = file.defaulted.flatMap((declared) => {
    const way = findPlainWay(declared);
    return way?.kind === 'plain' ? [way.value] : [];
  });
  const rewritten = [...inputs, ...outputs].flatMap(({ way }) => (way.kind === 'rewritten' ? [way] : []));
  return {
    inputs: inputs.flatMap(({ way }) => valuesOf(way)),
    defaultedInputs,
    outputs: outputs.flatMap(({ way }) => valuesOf(way)),
    widened: rewritten.flatMap((way) => (way.isWidened === true ? way.values.map(({ name }) => name) : [])),
    adaptations: [
      ...rewritten.flatMap(({ note }) => (note === undefined ? [] : [`${capitalise(note)}.`])),
      ...lost.map((reason) => `Not served: ${reason}.`),
    ],
    edit: editOf(file, { inputs, outputs, replaced }),
  };
}

function findInputWay(declared: DeclaredValue): Way {
  return (
    findPlainWay(declared) ?? findCastWay('input', declared) ?? findOptionalWay(declared) ?? refuse('input', declared)
  );
}

function decideOutputs(file: DeclaredGraph): readonly Decided[] {
  const { wire, graph } = file;
  const outputs = typeOutputs(wire, graph, file.outputs);
  const open = outputs.filter(dependsOnOrigin).map(({ name }) => name);
  const origins = open.length === 0 ? new Map<string, never>() : findOrigins(wire, graph, open);
  return outputs.map((declared, index) => {
    const way = findOutputWay(wire, declared, origins.get(declared.name));
    return { declared, way: file.outputs[index] === declared ? way : declareType(declared, way) };
  });
}

function valuesOf(way: Way): readonly HeaderValue[] {
  if (way.kind === 'plain') return [way.value];
  return way.kind === 'rewritten' ? way.values : [];
}

/** The changes of all of them together; undefined where there are none. */
function editOf(
  { defaulted, hasDefaultOpset }: DeclaredGraph,
  made: {
    readonly inputs: readonly Decided[];
    readonly outputs: readonly Decided[];
    readonly replaced: ReadonlySet<string>;
  },
): GraphEdit | undefined {
  const declaredOf = ({ way }: Decided) => (way.kind === 'rewritten' ? way.declared : []);
  const changed = (list: readonly Decided[]) => list.filter(({ way }) => way.kind !== 'plain');
  const nodesOf = (list: readonly Decided[]) => list.flatMap(({ way }) => (way.kind === 'rewritten' ? way.nodes : []));
  const all = [...changed(made.inputs), ...changed(made.outputs)];
  const constants = defaulted.filter(({ name }) => !made.replaced.has(name));
  if (all.length === 0 && defaulted.length === 0) return undefined;
  const toEntry = (decided: Decided) => [decided.declared.name, declaredOf(decided)] as const;
  return {
    renamed: new Map(
      all.flatMap(({ declared, way }) =>
        way.kind === 'rewritten' && way.innerName !== undefined ? [[declared.name, way.innerName] as const] : [],
      ),
    ),
    firstNodes: nodesOf(made.inputs),
    lastNodes: nodesOf(made.outputs),
    removedNodes: new Set(
      all.flatMap(({ way }) => (way.kind === 'rewritten' ? (way.removed ?? []) : [])).map(({ tagStart }) => tagStart),
    ),
    inputs: new Map([...changed(made.inputs).map(toEntry), ...constants.map(({ name }) => [name, []] as const)]),
    outputs: new Map(changed(made.outputs).map(toEntry)),
    removedInitializers: made.replaced,
    ...(hasDefaultOpset ? {} : { defaultOpset: 13 }),
  };
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function unservable(reason: string): AppError {
  const advice = 'Export the model with tensors of an element type that the protocol names for its inputs and outputs';
  return new AppError('MODEL_INVALID', `The model cannot be served: ${reason}. ${advice}.`);
}

/**
 * An input that is a tensor or absent (optional, opset 15 and later) is taken as the tensor, which a node makes an optional again:
 * the runtime's binding can leave no input out. Undefined for every other type.
 */
function findOptionalWay({ name, type }: DeclaredValue): Way | undefined {
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
