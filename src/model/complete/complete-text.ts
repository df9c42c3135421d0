import type { ModelJson } from '../config-schema.js';
import type { HeaderValue, OnnxHeader } from '../config.js';
import { usualMaxLength, type EmbeddingConfig, type TextConfig } from '../tasks/text-config.js';
import { contradiction, describeValue, findValue } from './contradiction.js';

type TextJson = NonNullable<ModelJson['text']>;
type EmbeddingJson = NonNullable<ModelJson['embedding']>;

/** Names that exporters give the inputs of tokens. */
const usualNames = { ids: 'input_ids', mask: 'attention_mask', types: 'token_type_ids' } as const;
const roles = ['ids', 'mask', 'types'] as const;

/** Matches the inputs of tokens with the model's own. Throws MODEL_INVALID where they cannot be made of texts alone. */
export function completeText(json: TextJson, header: OnnxHeader): TextConfig {
  const names: Partial<Record<(typeof roles)[number], string>> = {};
  let fixed: number | undefined;
  for (const role of roles) {
    const wished = json[role] ?? usualNames[role];
    const found = header.inputs.find(({ name }) => name === wished);
    if (found === undefined && json[role] === undefined && role !== 'ids') continue;
    const input = found ?? findValue(header.inputs, `text.${role}`, wished);
    checkInput(input, role);
    const length = input.shape[1];
    if (length !== undefined && length !== -1) fixed = Math.min(fixed ?? length, length);
    names[role] = input.name;
  }
  const taken = Object.values(names);
  const other = header.inputs.find(({ name }) => !taken.includes(name));
  if (other !== undefined) {
    throw contradiction(
      `texts give ${taken.map((name) => `'${name}'`).join(', ')}, but the model needs ${describeValue('input', other)} as well`,
      'Export it without that input, or name the token inputs in text.ids, text.mask and text.types',
    );
  }
  const maxLength = Math.min(json.maxLength ?? fixed ?? usualMaxLength, fixed ?? Infinity);
  const { ids = '', ...others } = names;
  return { ids, ...others, maxLength, ...(fixed === undefined ? {} : { fixedLength: fixed }) };
}

function checkInput(input: HeaderValue, role: (typeof roles)[number]): void {
  const { datatype, shape } = input;
  const isInteger = datatype === 'INT64' || datatype === 'INT32';
  if (isInteger && shape.length === 2 && (shape[0] === -1 || shape[0] === 1)) return;
  throw contradiction(
    `text.${role} is ${describeValue('input', input)}`,
    'Expected INT64 or INT32 [N,tokens], with an open number of rows or one row',
  );
}

/** The output of vectors and what is made of it. Throws MODEL_INVALID where the output has other dimensions. */
export function completeEmbedding(json: EmbeddingJson, header: OnnxHeader): EmbeddingConfig {
  const output = findValue(header.outputs, 'embedding.output', json.output);
  const { shape, unranked, datatype } = output;
  const pooling = json.pooling ?? (shape.length === 3 ? 'mean' : 'none');
  const isFloat = datatype.startsWith('FP') || datatype === 'BF16';
  const fits = pooling === 'none' ? hasOneVector(shape) : shape.length === 3;
  if (!isFloat || (unranked !== true && !fits)) {
    throw contradiction(
      `embedding.output is ${describeValue('output', output)}, and embedding.pooling "${pooling}"`,
      'Expected floats [N,D] with the pooling "none", or [N,tokens,D] with "mean", "cls" or "max"',
    );
  }
  const { normalize = false, dimensions } = json;
  return { output: output.name, pooling, normalize, ...(dimensions === undefined ? {} : { dimensions }) };
}

/** `[N,D]`, or with ones after it. */
const hasOneVector = (shape: readonly number[]): boolean =>
  shape.length >= 2 && shape.slice(2).every((dim) => dim === 1);
