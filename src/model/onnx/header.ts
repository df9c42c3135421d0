import type { OnnxHeader } from '../config.js';
import { GraphReader } from './graph.js';
import { findIntegerDivision } from './hazards/integer-division.js';
import { broken, limits, WireReader, type ByteSource, type WireField } from './fields.js';
import { readValueInfo, type DeclaredValue } from './value-type.js';
import { adaptGraph } from './adapt/adapt.js';
import type { GraphEdit } from './edit/edit-graph.js';
import { findChosenRank, findFailingOnEmpty } from './hazards/empty-tensors.js';
import { findSharedDimensions, mayFuseSums, shareNames } from './hazards/added-inputs.js';
import { addsUpProducts, findEmptySums } from './hazards/empty-sums.js';
import { findEmptiedByShape } from './hazards/emptied-by-shape.js';
import { findChosenEmpty, findChosenSize, sizedBy } from './hazards/sized-by-values.js';
import { readStructure } from './structure-reader.js';
import { omitUndefined } from '../../omit-undefined.js';

/** What a file that is no ONNX model is instead, told from its first bytes (up to 64), or undefined where it may be one. */
function recogniseOther(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString('latin1');
  if (head.length === 0) return 'it is empty';
  if (text.startsWith('version https://git-lfs'))
    return 'it is a Git LFS pointer (run `git lfs pull` to fetch the model)';
  if (text.slice(4, 8) === 'ORTM') return 'it is in the ORT format (serve the ONNX file that it was made from)';
  if (text.slice(4, 8) === 'TFL3') return 'it is a TensorFlow Lite model (convert it to ONNX)';
  if (text.startsWith('PK\u0003\u0004')) return 'it is a ZIP archive, as PyTorch saves them (export the model to ONNX)';
  if (text.startsWith('\u001f\u008b')) return 'it is compressed with gzip (gunzip it)';
  if (text.startsWith('\u0089HDF')) return 'it is an HDF5 file, as Keras saves them (convert the model to ONNX)';
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return 'it is an HTML or XML page (a download that went wrong?)';
  if (/^\s*\{/.test(text) || text.startsWith('ir_version:'))
    return 'it is a text, as JSON or as protobuf writes it (save the model in its binary form, as onnx.save does)';
  if (isPath(text))
    return `it is a text that names '${text.trim()}': a symbolic link that was saved as a file (git does so where core.symlinks is off)`;
  return undefined;
}

/** `../../blobs/5e1c`: what a link holds, without a line break in between. */
function isPath(text: string): boolean {
  return text.length < 64 && /^\.{0,2}\/?[\w@.-]+(\/[\w@.-]+)+\n?$/.test(text);
}

interface Draft {
  irVersion: number;
  producer: string;
  producerVersion: string;
  domain: string;
  modelVersion: number;
  graph: WireField | undefined;
  readonly functions: WireField[];
  readonly opsets: Record<string, number>;
  readonly metadata: Record<string, string>;
}

/** A model as it is served, and the changes that a copy of its file needs for that; undefined where it serves as it is. */
export interface OnnxModel {
  readonly header: OnnxHeader;
  readonly edit: GraphEdit | undefined;
}

/**
 * What an ONNX file says of itself (onnx.proto: ModelProto), and how it is served where requests give other values for the
 * defaults of the inputs `replaced`. Weights are skipped, not read. Throws MODEL_INVALID for anything that is not a whole ONNX
 * model, and for inputs and outputs that cannot be served, with the reason.
 */
export function parseOnnxModel(source: ByteSource, replaced: ReadonlySet<string> = new Set()): OnnxModel {
  const other = recogniseOther(source.read(0, Math.min(64, source.size)));
  if (other !== undefined) throw broken(other);
  const wire = new WireReader(source);
  const graphs = new GraphReader(wire);
  const { graph, ...draft } = readModel(wire, graphs, source.size);
  if (graph === undefined) throw broken('it has no graph');
  const fields = graphs.readMain(graph);
  if (fields.outputs.length === 0) throw broken('its graph has no output');
  const inputs = fields.inputs.map((field) => readValueInfo(wire, field));
  const outputs = fields.outputs.map((field) => readValueInfo(wire, field));
  const hasDefault = ({ name }: DeclaredValue) => graphs.initializers.has(name);
  // Before IR version 4 every initializer also stood among the inputs (onnx/docs/IR.md, "Graphs").
  const defaulted = draft.irVersion >= 4 ? inputs.filter(hasDefault) : [];
  const required = inputs.filter((value) => !hasDefault(value));
  const hasDefaultOpset = 'ai.onnx' in draft.opsets;
  const { edit, ...adapted } = adaptGraph(
    { wire, graph, inputs: required, defaulted, outputs, hasDefaultOpset },
    replaced,
  );
  const { functions, ...facts } = draft;
  const header: OnnxHeader = {
    ...facts,
    ...adapted,
    operators: Object.fromEntries(graphs.operators),
    ...hazardOf(wire, graphs, { source, graph, functions, ...adapted }),
    ...sharedOf(source, graphs, adapted),
    ...emptySumsOf(source, graphs, adapted),
    externalData: [...graphs.externalData],
  };
  return { header, edit };
}

/** Operators with which a request's values decide how many elements there are. */
const growing = ['Expand', 'Tile', 'ConstantOfShape', 'Range', 'OneHot', 'Pad', 'Resize', 'Upsample', 'Scan'];

interface GraphFacts extends Pick<OnnxHeader, 'inputs' | 'outputs' | 'defaultedInputs'> {
  readonly source: ByteSource;
  readonly graph: WireField;
  readonly functions: readonly WireField[];
}

/** What a request's values may do to the process that runs the model. */
function hazardOf(wire: WireReader, { operators }: GraphReader, facts: GraphFacts): Pick<OnnxHeader, 'hazard'> {
  const divides = operators.has('Div') || operators.has('Mod');
  // A request may give any divisor for a default, which the file shows as a constant.
  const replaceable = facts.defaultedInputs.find(({ datatype }) => datatype === 'INT32' || datatype === 'INT64');
  const byDefault = replaceable && `it divides, and input '${replaceable.name}' is integers that a request can choose`;
  const division = divides ? (findIntegerDivision(wire, facts) ?? byDefault) : undefined;
  if (division !== undefined)
    return { hazard: `${division}, and the smallest integer by -1 ends the process that tries` };
  if (operators.has('Loop')) return { hazard: 'it has a Loop, which may never end' };
  const grower = growing.find((operator) => operators.has(operator));
  const texts = facts.outputs.find(({ datatype }) => datatype === 'BYTES');
  if (grower !== undefined && texts !== undefined)
    return { hazard: `output '${texts.name}' is texts, as many as ${grower} makes, and too many end the process` };
  const size =
    findChosenRank([...facts.inputs, ...facts.defaultedInputs], Object.fromEntries(operators)) ??
    chosenSizeOf(operators, facts);
  return size === undefined ? {} : { hazard: size };
}

/** Inputs that the runtime adds up without a look at their sizes; a graph that cannot be followed counts as without. */
function sharedOf(
  source: ByteSource,
  { operators }: GraphReader,
  { inputs, defaultedInputs }: Pick<OnnxHeader, 'inputs' | 'defaultedInputs'>,
): Pick<OnnxHeader, 'sharedDimensions'> {
  const all = [...inputs, ...defaultedInputs];
  if (!shareNames(all) || !mayFuseSums(Object.fromEntries(operators))) return {};
  try {
    const sharedDimensions = findSharedDimensions(readStructure(new WireReader(source), source.size), all);
    return sharedDimensions.length === 0 ? {} : { sharedDimensions };
  } catch {
    return {};
  }
}

/** Sums over nothing; a graph that cannot be followed counts as without. */
function emptySumsOf(
  source: ByteSource,
  { operators }: GraphReader,
  { inputs, defaultedInputs }: Pick<OnnxHeader, 'inputs' | 'defaultedInputs'>,
): Pick<OnnxHeader, 'emptySums'> {
  const all = [...inputs, ...defaultedInputs];
  const mayBeEmpty = all.some(({ shape, unranked }) => unranked === true || shape.includes(-1));
  if (!mayBeEmpty || !addsUpProducts(Object.fromEntries(operators))) return {};
  const names = all.map(({ name }) => name);
  try {
    return omitUndefined({ emptySums: findEmptySums(readStructure(new WireReader(source), source.size), names) });
  } catch {
    return {};
  }
}

/** Where a request's values say how much a node makes, or whether anything; a graph that cannot be followed is left to the watchdog. */
function chosenSizeOf(
  operators: GraphReader['operators'],
  { source, inputs, defaultedInputs }: GraphFacts,
): string | undefined {
  const has = (table: object): boolean => Object.keys(table).some((operator) => operators.has(operator));
  const failing = findFailingOnEmpty(Object.fromEntries(operators));
  if (!has(sizedBy) && failing === undefined) return undefined;
  const chosen = [...inputs, ...defaultedInputs].map(({ name }) => name);
  try {
    const structure = readStructure(new WireReader(source), source.size);
    const size = findChosenSize(structure, chosen);
    if (size !== undefined || failing === undefined) return size;
    return findChosenEmpty(structure, chosen, failing) ?? findEmptiedByShape(structure, failing);
  } catch {
    return undefined;
  }
}

function readModel(wire: WireReader, graphs: GraphReader, size: number): Draft {
  const readEntry = metadataReader(wire);
  const draft: Draft = {
    irVersion: 0,
    producer: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    graph: undefined,
    functions: [],
    opsets: emptyRecord<number>(),
    metadata: emptyRecord<string>(),
  };
  for (const field of wire.fields(0, size)) {
    if (field.number === 1) draft.irVersion = field.value;
    else if (field.number === 2) draft.producer = wire.text(field);
    else if (field.number === 3) draft.producerVersion = wire.text(field);
    else if (field.number === 4) draft.domain = wire.text(field);
    else if (field.number === 5) draft.modelVersion = field.value;
    else if (field.number === 7) draft.graph = onlyGraph(draft.graph, field);
    else if (field.number === 8) readOpset(wire, field, draft.opsets);
    else if (field.number === 14) readEntry(field, draft.metadata);
    else if (field.number === 25) {
      graphs.readFunction(field);
      draft.functions.push(field);
    }
  }
  return draft;
}

/** A parser would merge a second graph into the first. */
function onlyGraph(earlier: WireField | undefined, graph: WireField): WireField {
  if (earlier !== undefined) throw broken('it holds more than one graph');
  return graph;
}

/** OperatorSetIdProto: domain 1, version 2. The default domain is written `ai.onnx`. */
function readOpset(wire: WireReader, message: WireField, opsets: Record<string, number>): void {
  let [domain, version] = ['', 0];
  for (const field of wire.fields(message.start, message.end)) {
    if (field.number === 1) domain = wire.text(field);
    else if (field.number === 2) version = field.value;
  }
  opsets[domain === '' ? 'ai.onnx' : domain] = version;
}

/** StringStringEntryProto: key 1, value 2. Values beyond what all of them may take are cut, and say so at their end. */
function metadataReader(wire: WireReader): (message: WireField, entries: Record<string, string>) => void {
  let bytesLeft: number = limits.metadataBytes;
  return (message, entries) => {
    let [key, value] = ['', ''];
    for (const field of wire.fields(message.start, message.end)) {
      const length = field.end - field.start;
      if (field.number === 1) key = wire.text(field);
      if (field.number !== 2) continue;
      value = wire.beginningOfText(field, bytesLeft);
      if (length > bytesLeft) value += `… (cut: ${length} bytes in the file)`;
      bytesLeft -= Math.min(length, bytesLeft);
    }
    entries[key] = value;
  };
}

/** A record without a prototype, so that a key named `__proto__` is just a key. */
function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
