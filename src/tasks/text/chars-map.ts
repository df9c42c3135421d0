/**
 * SentencePiece's table of replacements (`precompiled_charsmap`): the length of a double-array trie, the trie, and texts that end with 0.
 * The reference looks up each grapheme of less than 6 bytes whole, and takes the shortest entry that it begins with; else each character.
 */
export function charsMap(base64: string): (text: string) => string {
  const bytes = Buffer.from(base64, 'base64');
  const trieBytes = bytes.length >= 4 ? bytes.readUInt32LE(0) : 0;
  if (trieBytes === 0 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length)
    throw new Error('precompiled_charsmap is damaged');
  const trie = Uint32Array.from({ length: trieBytes / 4 }, (_, n) => bytes.readUInt32LE(4 + n * 4));
  const texts = bytes.subarray(4 + trieBytes);
  const replace = (part: string): string | undefined => {
    const at = shortestEntry(trie, Buffer.from(part));
    return at === undefined ? undefined : textAt(texts, at);
  };
  const replaceChars = (part: string): string => Array.from(part, (char) => replace(char) ?? char).join('');
  return (text) =>
    graphemesOf(text)
      .map((grapheme) => {
        const whole = Buffer.byteLength(grapheme) < 6 ? replace(grapheme) : undefined;
        return whole ?? replaceChars(grapheme);
      })
      .join('');
}

function textAt(texts: Buffer, at: number): string {
  const end = texts.indexOf(0, at);
  return texts.toString('utf8', at, end === -1 ? texts.length : end);
}

/** The value of the shortest entry that the key begins with; units are as in Darts-clone. */
function shortestEntry(trie: Uint32Array, key: Uint8Array): number | undefined {
  let node = offsetOf(trie[0] ?? 0);
  for (const byte of key) {
    if (byte === 0) return undefined;
    node ^= byte;
    const unit = trie[node] ?? 0;
    if ((unit & 0x800000ff) !== byte) return undefined;
    node ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) return (trie[node] ?? 0) & 0x7fffffff;
  }
  return undefined;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** UTF-16 units that are divided at a time. In Node 20 the time grows as the square of what is divided at once. */
const windowUnits = 256;

/**
 * What a text's readers see as characters. A boundary depends on the grapheme before it and the character after it alone, so a part of the text
 * may begin at any boundary, and of what is found in it only the last may go on behind its end.
 */
export function graphemesOf(text: string): string[] {
  const found: string[] = [];
  let [start, units] = [0, windowUnits];
  while (start < text.length) {
    const end = behindPair(text, start + units);
    const part = Array.from(segmenter.segment(text.slice(start, end)), ({ segment }) => segment);
    if (end < text.length) part.pop();
    for (const grapheme of part) {
      found.push(grapheme);
      start += grapheme.length;
    }
    units = part.length === 0 ? units * 2 : windowUnits;
  }
  return found;
}

/** The same place, or that behind the two units of one character between which it lies. */
function behindPair(text: string, at: number): number {
  const isBetween = at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
  return isBetween ? at + 1 : at;
}
