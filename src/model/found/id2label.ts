import { isRecord } from './json.js';

/** `{"0": "cat", "1": "dog"}` in the order of its numbers; undefined where a number is left out. */
export function readId2label(id2label: unknown): string[] | undefined {
  if (!isRecord(id2label)) return undefined;
  const labels = Array.from({ length: Object.keys(id2label).length }, (_, n) => id2label[String(n)]);
  return labels.length > 0 && labels.every((label) => typeof label === 'string') ? labels : undefined;
}
