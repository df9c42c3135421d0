import type { OnnxHeader } from '../config.js';
import { usualMaxLength } from '../tasks/text-config.js';
import { activationOf, readId2label } from './classes.js';
import { isRecord, parseObject, type Json } from './json.js';
import { nothingFound, type Companions, type Finding, type FindingSubject } from './types.js';

type Task = Pick<Finding['json'], 'classification' | 'embedding'>;

/** A tokenizer beside a model of token numbers, and what its files say of lengths, labels and pooling. */
export function findText({ header, companions }: FindingSubject): Finding {
  const takesTokens = header.inputs.some(({ name }) => name === 'input_ids');
  if (!companions.has('tokenizer.json') || !takesTokens) return nothingFound;
  const config = parseObject(companions.get('config.json')) ?? {};
  const { maxLength, source } = findMaxLength(companions, config);
  const task = findTask(header, companions, config);
  const isAnswer = task.json.classification !== undefined || task.json.embedding !== undefined;
  return {
    json: { text: { maxLength }, ...task.json },
    notes: [
      `Found in tokenizer.json: it takes texts, up to ${maxLength} tokens (${source}).`,
      ...task.notes,
      ...(isAnswer ? [] : ['No file says what its outputs mean: give "classification" or "embedding" in model.json.']),
    ],
  };
}

const isLength = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= 65_536;

/** Families whose positions begin after the number of the padding token. */
const isShifted = /^(roberta|xlm-roberta|camembert|mpnet|longformer|xlm-roberta-xl|data2vec-text)$/;

/** The first that says something, and never more than the model has positions for. */
function findMaxLength(companions: Companions, config: Json): { readonly maxLength: number; readonly source: string } {
  const { max_position_embeddings: positions, model_type: family, pad_token_id: padId } = config;
  const shift = isShifted.test(String(family)) ? 1 + (typeof padId === 'number' ? padId : 1) : 0;
  const most = isLength(positions) ? { maxLength: positions - shift, source: 'config.json' } : undefined;
  const tokenizer = parseObject(companions.get('tokenizer.json'));
  const truncation = isRecord(tokenizer?.['truncation']) ? tokenizer['truncation'] : {};
  const said = [
    [parseObject(companions.get('sentence_bert_config.json'))?.['max_seq_length'], 'sentence_bert_config.json'],
    [parseObject(companions.get('tokenizer_config.json'))?.['model_max_length'], 'tokenizer_config.json'],
    [truncation['max_length'], 'tokenizer.json'],
  ] as const;
  for (const [maxLength, source] of said) {
    if (isLength(maxLength)) return most !== undefined && most.maxLength < maxLength ? most : { maxLength, source };
  }
  return most ?? { maxLength: usualMaxLength, source: 'the default, since no file says' };
}

interface FoundTask {
  readonly json: Task;
  readonly notes: readonly string[];
}

function findTask(header: OnnxHeader, companions: Companions, config: Json): FoundTask {
  const { architectures } = config;
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const isClassifier = typeof architecture === 'string' && architecture.endsWith('ForSequenceClassification');
  const modules: unknown = parseList(companions.get('modules.json'));
  const types = Array.isArray(modules) ? modules.filter(isRecord).map(typeOf) : undefined;
  // Later versions of sentence-transformers list the modules of cross-encoders too, but none that pools.
  if (types !== undefined && !(isClassifier && !types.includes('Pooling')))
    return withDimensions(findEmbedding(header, companions, types), config);
  return isClassifier ? findClasses(header, config, architecture) : { json: {}, notes: [] };
}

function findClasses(header: OnnxHeader, config: Json, architecture: string): FoundTask {
  const refused = (what: string) => ({ json: {}, notes: [`Found in config.json, not used: ${what}.`] });
  const [output] = header.outputs;
  const labels = readId2label(config['id2label'], output?.shape[1]);
  if (labels === undefined) return refused('its id2label is not a list of labels from 0 on');
  if (output?.shape.length !== 2 || (output.shape[1] !== -1 && output.shape[1] !== labels.length)) {
    return refused(`${labels.length} labels, but the model's first output is not [N,${labels.length}]`);
  }
  const activation = activationOf(config, labels.length);
  return {
    json: { classification: { output: output.name, activation, labels } },
    notes: [
      `Found in config.json: ${architecture}, classification of ${labels.length} classes, activation ${activation}.`,
    ],
  };
}

/** `Pooling` of `sentence_transformers.models.Pooling`. */
const typeOf = ({ type }: Json): string => String(type).split('.').at(-1) ?? '';

/** Names of sentence-transformers' poolings, and the keys that are true for them where an earlier version wrote the file. */
const poolings = {
  cls: 'cls',
  mean: 'mean',
  max: 'max',
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
} as const;

/** The poolings that are joined; `mean` where the file names none. */
function poolingsOf(file: Json): readonly string[] {
  const { pooling_mode: named } = file;
  if (named !== undefined)
    return [named].flat().map((name) => (typeof name === 'string' ? name : JSON.stringify(name)));
  const keys = Object.keys(file).filter((key) => key.startsWith('pooling_mode_') && file[key] === true);
  return keys.length === 0 ? ['mean'] : keys;
}

/** What sentence-transformers puts before texts where nothing else is asked for, which is the client's to do. */
function tellPrompt(companions: Companions): readonly string[] {
  const file = parseObject(companions.get('config_sentence_transformers.json')) ?? {};
  const { prompts, default_prompt_name: name } = file;
  const prompt = isRecord(prompts) && typeof name === 'string' ? prompts[name] : undefined;
  if (typeof prompt !== 'string' || prompt === '') return [];
  return [
    `config_sentence_transformers.json begins every text with ${JSON.stringify(prompt)}, which is not done here: send texts that begin so.`,
  ];
}

function findEmbedding(header: OnnxHeader, companions: Companions, types: readonly string[]): FoundTask {
  const refused = (what: string): FoundTask => ({ json: {}, notes: [`Found in modules.json, not used: ${what}.`] });
  const normalize = types.includes('Normalize');
  const whole = header.outputs.find(({ name }) => name === 'sentence_embedding');
  const tell = `${normalize ? '' : 'not '}normalised`;
  if (whole?.shape.length === 2) {
    const json = { embedding: { output: whole.name, pooling: 'none', normalize } } as const;
    const note = `Found in modules.json: an embedding, pooled by the model itself, ${tell}.`;
    return { json, notes: [note, ...tellPrompt(companions)] };
  }
  const other = types.find((type) => !['Transformer', 'Pooling', 'Normalize'].includes(type));
  if (other !== undefined) return refused(`its module ${other} is not supported`);
  const pooling = parseObject(companions.get('1_Pooling/config.json'));
  const modes = pooling === undefined ? [] : poolingsOf(pooling);
  const [mode = ''] = modes;
  if (modes.length !== 1 || !isPooling(mode)) {
    return refused(
      `the pooling of 1_Pooling/config.json is ${modes.join(' and ') || 'not there'}, expected one of mean, cls, max`,
    );
  }
  const output = header.outputs.find(
    ({ name, shape }) => shape.length === 3 && /token_embeddings|hidden_state/.test(name),
  );
  const size = pooling?.['embedding_dimension'] ?? pooling?.['word_embedding_dimension'];
  const own = output?.shape[2];
  if (output === undefined || (typeof size === 'number' && own !== -1 && own !== size)) {
    return refused(`there is no output of token vectors [N,tokens,${String(size)}]`);
  }
  const embedding = { output: output.name, pooling: poolings[mode], normalize };
  const note = `Found in modules.json and 1_Pooling/config.json: an embedding, pooling ${poolings[mode]}, ${tell}.`;
  return { json: { embedding }, notes: [note, ...tellPrompt(companions)] };
}

/** What config.json says of cutting vectors. */
function withDimensions(found: FoundTask, config: Json): FoundTask {
  const { embedding } = found.json;
  const { matryoshka_dimensions: listed, is_matryoshka: isAny } = config;
  const isList = Array.isArray(listed) && listed.length > 0 && listed.length <= 64 && listed.every(isLength);
  const dimensions = isList ? listed : isAny === true ? 'any' : undefined;
  if (embedding === undefined || dimensions === undefined) return found;
  const note = `Found in config.json: its vectors may be cut to ${isList ? listed.join(', ') : 'any number of'} dimensions.`;
  return { json: { embedding: { ...embedding, dimensions } }, notes: [...found.notes, note] };
}

const isPooling = (key: string): key is keyof typeof poolings => Object.hasOwn(poolings, key);

function parseList(text: string | undefined): unknown {
  return parseObject(text === undefined ? undefined : `{"list":${text}}`)?.['list'];
}
