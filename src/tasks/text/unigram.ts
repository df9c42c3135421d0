import type { UnigramModel } from './library.js';

/** What of tokenizer.json decides beside the library's model. */
export interface UnigramSettings {
  readonly unk_id?: number | null;
  readonly vocab: readonly (readonly [token: string, score: number])[];
  readonly byte_fallback?: boolean;
}

/**
 * The best way to make a word of pieces, as the reference finds it: of equal sums the one whose last piece begins first.
 * Characters that no piece has are joined; where the model falls back to bytes, they become those.
 */
export function unigramEncoder(model: UnigramModel, settings: UnigramSettings): (word: string) => readonly string[] {
  const unknown = settings.unk_id ?? -1;
  const scores = model.scores.map((score, id) => (id === unknown ? (settings.vocab[id]?.[1] ?? score) : score));
  return (word) => {
    const chars = Array.from(word);
    const [sums, starts, ids] = [
      new Float64Array(chars.length + 1),
      new Int32Array(chars.length + 1).fill(-1),
      new Int32Array(chars.length + 1),
    ];
    const offer = (start: number, end: number, piece: { readonly id: number; readonly score: number }): void => {
      const sum = (sums[start] ?? 0) + piece.score;
      if (starts[end] !== -1 && sum <= (sums[end] ?? 0)) return;
      [sums[end], starts[end], ids[end]] = [sum, start, piece.id];
    };
    for (let start = 0; start < chars.length; start += 1) {
      let hasSingle = false;
      for (const piece of model.trie.common_prefix_search(chars, start)) {
        const id = model.tokens_to_ids.get(piece) ?? unknown;
        const end = start + codePoints(piece);
        offer(start, end, { id, score: scores[id] ?? 0 });
        hasSingle ||= end === start + 1;
      }
      if (!hasSingle) offer(start, start + 1, { id: unknown, score: model.unk_score });
    }
    const pieces = trace(chars, starts, (end) => ids[end] === unknown);
    return settings.byte_fallback === true ? pieces.flatMap((piece) => inBytes(piece, model.tokens_to_ids)) : pieces;
  };
}

function trace(chars: readonly string[], starts: Int32Array, isUnknown: (end: number) => boolean): readonly string[] {
  const pieces: string[] = [];
  let wasUnknown = false;
  for (let end = chars.length; end > 0;) {
    const start = starts[end] ?? 0;
    const piece = chars.slice(start, end).join('');
    if (wasUnknown && isUnknown(end)) pieces.push(piece + (pieces.pop() ?? ''));
    else pieces.push(piece);
    wasUnknown = isUnknown(end);
    end = start;
  }
  return pieces.reverse();
}

function inBytes(piece: string, known: ReadonlyMap<string, number>): readonly string[] {
  return known.has(piece) ? [piece] : (bytesOf(piece, known) ?? [piece]);
}

/** The tokens of a text's bytes, if the vocabulary has them all. */
export function bytesOf(text: string, known: ReadonlyMap<string, number>): readonly string[] | undefined {
  const bytes = Array.from(Buffer.from(text), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  return bytes.every((byte) => known.has(byte)) ? bytes : undefined;
}

function codePoints(text: string): number {
  let count = 0;
  for (const char of text) count += char === '' ? 0 : 1;
  return count;
}
