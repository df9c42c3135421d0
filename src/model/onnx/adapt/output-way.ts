import { carriedDatatype, toHeaderValue } from '../value.js';
import { findCastWay } from './cast-way.js';
import type { WireReader } from '../fields.js';
import { readListAttribute, type Origin } from './producers.js';
import type { DeclaredValue } from '../value-type.js';
import { findPlainWay, refuse, type Way } from './way.js';
import { tensorType } from '../writer.js';

/** How an output is served; `origin` tells which node makes it. */
export function findOutputWay(wire: WireReader, declared: DeclaredValue, origin: Origin | undefined): Way {
  const way = findPlainWay(declared);
  if (way !== undefined) return way;
  // What no node makes is an input or a weight, which cannot take another name.
  if (origin === undefined) return refuse('output', declared);
  return (
    findCastWay('output', declared) ??
    undoZipMap(wire, declared, origin) ??
    undoSequenceConstruct(declared, origin) ??
    refuse('output', declared)
  );
}

/** Whether an output is made by a node whose kind matters here. */
export function dependsOnOrigin({ type }: DeclaredValue): boolean {
  return type.kind !== 'tensor' || carriedDatatype(type.element) === undefined;
}

/**
 * ZipMap (ai.onnx.ml), which exporters of scikit-learn classifiers put behind the probabilities, makes a map from label to
 * probability of each row. What it is made from is the tensor of probabilities with a column a label.
 */
function undoZipMap(wire: WireReader, { name }: DeclaredValue, { node, passedOn }: Origin): Way | undefined {
  const [probabilities] = node.inputs;
  if (node.operator !== 'ai.onnx.ml:ZipMap' || probabilities === undefined) return undefined;
  const labels =
    readListAttribute(wire, node, 'classlabels_strings') ?? readListAttribute(wire, node, 'classlabels_int64s');
  const type = tensorType('FP32', [null, labels?.length ?? null]);
  const value = { ...toHeaderValue(name, 'FP32', type), ...(labels === undefined ? {} : { labels }) };
  return {
    kind: 'rewritten',
    values: [value],
    declared: [{ name, type }],
    nodes: [{ op: 'Identity', inputs: [probabilities], outputs: [name] }],
    removed: [node, ...passedOn],
    note: `output '${name}' is the tensor of probabilities with one column per class, from which the file makes maps (ZipMap)`,
  };
}

/** A list of tensors made at the end is given as these tensors. */
function undoSequenceConstruct({ name, type }: DeclaredValue, { node, passedOn }: Origin): Way | undefined {
  const element = type.kind === 'sequence' ? type.of : undefined;
  if (node.operator !== 'SequenceConstruct' || element?.kind !== 'tensor') return undefined;
  const datatype = carriedDatatype(element.element);
  if (datatype === undefined) return undefined;
  const names = node.inputs.map((_, index) => `${name}_${index}`);
  return {
    kind: 'rewritten',
    values: names.map((own) => toHeaderValue(own, datatype, element)),
    declared: names.map((own) => ({ name: own, type: element })),
    nodes: node.inputs.map((input, index) => ({ op: 'Identity', inputs: [input], outputs: [names[index] ?? ''] })),
    removed: [node, ...passedOn],
    note: `output '${name}', a sequence of ${names.length} tensors, is given as ${names.map((own) => `'${own}'`).join(', ')}`,
  };
}
