import { AppError } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';
import type { HeaderValue } from '../config.js';

/** The failure of a model.json that does not fit its model; `fact` says what is wrong, `advice` what to do. */
export function contradiction(fact: string, advice: string): AppError {
  return new AppError('MODEL_INVALID', `model.json does not fit the model: ${fact}. ${advice}.`);
}

/** The input or output named, or the only one where no name is given. Throws MODEL_INVALID where that does not tell. */
export function findValue(
  values: readonly HeaderValue[],
  key:
    'image.input' | `${'classification' | 'detection' | 'embedding' | 'segmentation' | 'sequences' | 'text'}.${string}`,
  name: string | undefined,
): HeaderValue {
  const names = `Expected one of ${values.map((value) => `'${value.name}'`).join(', ')}`;
  const isInput = key === 'image.input' || key === 'sequences.state.input' || key.startsWith('text.');
  const role = isInput ? 'input' : 'output';
  const [first] = values;
  if (name === undefined) {
    if (first !== undefined && values.length === 1) return first;
    throw contradiction(`${key} is missing and the model has ${values.length} ${role}s`, names);
  }
  const found = values.find((value) => value.name === name);
  if (found === undefined) throw contradiction(`${key} is '${name}', but the model has no such ${role}`, names);
  return found;
}

/** `input 'X' FP32 [-1,3,224,224]`, as messages show it. */
export function describeValue(role: 'input' | 'output', { name, datatype, shape }: HeaderValue): string {
  return `${role} '${name}' ${datatype} ${formatShape(shape)}`;
}

/** `classification.labels 'labels.txt'`, or the key alone of labels that stand in model.json. */
export function describeLabels(
  task: 'classification' | 'detection' | 'segmentation',
  labels: string | readonly string[],
): string {
  return typeof labels === 'string' ? `${task}.labels '${labels}'` : `${task}.labels`;
}
