import type { ModelMetadata, TensorMetadata } from '../../protocol/types.js';
import { describeTarget } from '../pipelines/types.js';
import type { Inspection, Inspections, PipelineInspection, StepInspection } from './types.js';

/** Lines for people: what each model takes and answers, what was found and from which file, what each pipeline does, and what is refused and why. */
export function formatInspections({ models, pipelines }: Inspections): string {
  const parts = [
    ...models.map((one) => formatPart(titleOf(one), bodyOf(one))),
    ...pipelines.map((one) => formatPart(`${one.name}  ${one.path}`, pipelineBody(one))),
  ];
  const isServable = models.some(({ state }) => state === 'servable');
  const advice = isServable
    ? '\nNothing was run. To run the models on made-up inputs: launch models validate PATH\n'
    : '';
  return `${parts.join('\n')}${advice}`;
}

const formatPart = (title: string, lines: readonly string[]): string =>
  `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;

const titleOf = ({ name, version, path }: Inspection): string =>
  [version === undefined ? name : `${name}/${version}`, ...(path === undefined ? [] : [path])].join('  ');

function pipelineBody(one: PipelineInspection): readonly string[] {
  const refusal = one.state === 'refused' ? [`✗ refused: ${one.reason ?? ''}`] : [];
  if (one.steps === undefined) return refusal;
  const rows: readonly (readonly [string, string])[] = [
    ['task', 'pipeline'],
    ...(one.description === '' ? [] : [['description', one.description] as const]),
    ...one.steps.map((step) => ['step', formatStep(step)] as const),
  ];
  return [...refusal, ...rows.map(([key, value]) => `${key.padEnd(widthOf(rows))}  ${value}`)];
}

/** `mask: model 'masks' on boxes of faces: ✗ there is none`. */
function formatStep(step: StepInspection): string {
  const { name, version, crop, state } = step;
  const own = version === undefined ? '' : `, version ${version}`;
  const on = crop === undefined ? '' : `, on boxes of ${crop.of}`;
  const how = {
    servable: '',
    refused: ` ✗ ${step.reason ?? ''}`,
    'not asked': ' (another server, which is not asked)',
  };
  return `${name}: ${describeTarget(step)}${own}${on}${how[state]}`;
}

const widthOf = (rows: readonly (readonly [string, string])[]): number => Math.max(...rows.map(([key]) => key.length));

function bodyOf(one: Inspection): readonly string[] {
  if (one.state !== 'servable') return [`${one.state === 'refused' ? '✗ refused' : '- not served'}: ${one.reason}`];
  const { model, ir_version: irVersion, operators, external_data: external } = one;
  const nodes = Object.values(operators).reduce((sum, count) => sum + count, 0);
  const rows: readonly (readonly [string, string])[] = [
    ...model.inputs.map((input) => ['input', formatTensor(input, model)] as const),
    ...model.outputs.map((output) => ['output', formatTensor(output, model)] as const),
    ...Object.entries(model.properties ?? {}).flatMap(([key, value]) =>
      key === 'version' ? [] : [[key.replaceAll('_', ' '), value] as const],
    ),
    ['ir version', String(irVersion)],
    ['nodes', `${nodes} of ${Object.keys(operators).length} operators`],
    ...external.map((path) => ['weights in', path] as const),
    ...Object.entries(model.metadata ?? {}).map(([key, value]) => [`metadata ${key}`, cut(value)] as const),
    ...suggested(model),
  ];
  return [
    ...rows.map(([key, value]) => `${key.padEnd(widthOf(rows))}  ${value}`),
    ...(model.notes ?? []).map((note) => `! ${note}`),
  ];
}

/** `images FP32 [batch,3,160,160]`. */
function formatTensor(
  { name, datatype, shape, unranked, optional, range }: TensorMetadata,
  model: ModelMetadata,
): string {
  const names = model.dimension_names?.[name] ?? [];
  const dims = shape.map((dim, axis) => (dim >= 0 ? String(dim) : cutName(names[axis] ?? '')));
  return [
    name,
    datatype,
    unranked === true ? 'of any shape' : `[${dims.join(',')}]`,
    ...(optional === true ? ['may be left out'] : []),
    ...(range === undefined ? [] : [`from ${range.join(' to ')}`]),
  ].join(' ');
}

/** Exporters write whole formulas there. */
const cutName = (name: string): string => (name === '' || name.length > 32 ? '?' : name);

const longest = 100;

/** One line of a value that may be a program's whole configuration. */
function cut(value: string): string {
  const line = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"');
  return line.length <= longest ? line : `${line.slice(0, longest)}… (${value.length} characters; --json has them)`;
}

function suggested({ suggestion }: ModelMetadata): readonly (readonly [string, string])[] {
  if (suggestion === undefined) return [];
  return [
    ['takes no images', `but would with ${JSON.stringify(suggestion).slice(1, -1)} (slipway init PATH writes it)`],
  ];
}
