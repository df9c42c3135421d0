import { isRecord, type Json } from './json.js';

/**
 * `{"0": "cat", "1": "dog"}` in the order of its numbers; undefined where a number is left out. Labels that nobody named are left out
 * altogether: then they are those that transformers gives them, as many as the model has classes (-1: two, its default).
 */
export function readId2label(id2label: unknown, classes = -1): string[] | undefined {
  if (id2label === undefined) return Array.from({ length: classes === -1 ? 2 : classes }, (_, n) => `LABEL_${n}`);
  if (!isRecord(id2label)) return undefined;
  const labels = Array.from({ length: Object.keys(id2label).length }, (_, n) => id2label[String(n)]);
  return labels.length > 0 && labels.every((label) => typeof label === 'string') ? labels : undefined;
}

/** What makes scores probabilities, as transformers' classification of texts and images and sentence-transformers' CrossEncoder choose it. */
export function activationOf(config: Json, classes: number): 'softmax' | 'sigmoid' | 'none' {
  const { problem_type: problem, sentence_transformers: own } = config;
  const said = isRecord(own) ? String(own['activation_fn']) : '';
  if (problem === 'regression' || said.endsWith('.Identity')) return 'none';
  if (problem === 'multi_label_classification' || said.endsWith('.Sigmoid')) return 'sigmoid';
  return problem === 'single_label_classification' || classes > 1 ? 'softmax' : 'sigmoid';
}
