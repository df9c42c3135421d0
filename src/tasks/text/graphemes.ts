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
