import type { SharedDimension } from '../../../tensor/tensor.js';
import type { HeaderValue, OnnxHeader } from '../../config.js';
import type { OnnxNode, OnnxStructure } from '../../structure.js';

/** Whether the runtime may make one kernel of a sum and the layer normalisation behind it, which it also finds where it is written out. */
export function mayFuseSums(operators: OnnxHeader['operators']): boolean {
  const isWrittenOut = 'ReduceMean' in operators && 'Sqrt' in operators;
  return isWrittenOut || Object.keys(operators).some((name) => name.endsWith('LayerNormalization'));
}

/** Whether two of the inputs have an open dimension of one name. */
export function shareNames(inputs: readonly HeaderValue[]): boolean {
  const known = new Set<string>();
  return inputs.some(({ dimNames }) => {
    const own = new Set(dimNames.filter((name) => name !== ''));
    const isShared = [...own].some((name) => known.has(name));
    for (const name of own) known.add(name);
    return isShared;
  });
}

/**
 * Dimensions of one name of inputs that are added up. ONNX says that they are equal, and the runtime relies on it: with layer normalisation
 * behind the sum it goes through one side by the length of the other, and divides by a length of 0.
 */
export function findSharedDimensions(
  structure: OnnxStructure,
  inputs: readonly HeaderValue[],
): readonly SharedDimension[] {
  return groupsOfAdded(structure, inputs).flatMap((group) => {
    const places = new Map<string, { readonly input: string; readonly axis: number }[]>();
    for (const { name: input, dimNames } of inputs.filter((_, at) => ((group >> BigInt(at)) & 1n) === 1n)) {
      for (const [axis, name] of dimNames.entries()) {
        if (name !== '') places.set(name, [...(places.get(name) ?? []), { input, axis }]);
      }
    }
    return [...places].filter(([, all]) => all.length > 1).map(([name, all]) => ({ name, places: all }));
  });
}

/** Inputs as bits, in groups without a common one: those that some sum adds to each other, directly or by what was made of them. */
function groupsOfAdded({ graph, functions }: OnnxStructure, inputs: readonly HeaderValue[]): readonly bigint[] {
  const bits = new Map(inputs.map(({ name }, at) => [name, 1n << BigInt(at)]));
  const every = (1n << BigInt(inputs.length)) - 1n;
  const called = new Set(functions.map(({ domain, name }) => `${domain}:${name}`));
  const of = (name: string | undefined): bigint => bits.get(name ?? '') ?? 0n;
  let groups: readonly bigint[] = [];
  const join = (group: bigint): void => {
    const touched = groups.filter((other) => (other & group) !== 0n);
    if (touched.length === 1 && ((touched[0] as bigint) & group) === group) return;
    const rest = groups.filter((other) => (other & group) === 0n);
    groups = [...rest, touched.reduce((all, other) => all | other, group)];
  };
  for (const node of graph.nodes) {
    const hasGraphs = [...node.attributes.values()].some((attribute) => attribute.graph !== undefined);
    const made = hasGraphs ? every : node.inputs.reduce((all, name) => all | of(name), 0n);
    // What is inside is not followed: it counts as added up.
    if (hasGraphs || called.has(`${node.domain}:${node.op}`)) join(made);
    else if (isSum(node)) {
      const [left, right] = [of(node.inputs[0]), of(node.inputs[1])];
      if (left !== 0n && right !== 0n && left !== right) join(left | right);
    }
    for (const name of node.outputs) bits.set(name, made);
  }
  return groups;
}

const isSum = ({ op, domain }: OnnxNode): boolean =>
  (op === 'Add' && domain === '') || (/^Skip.*LayerNormalization$/.test(op) && domain === 'com.microsoft');
