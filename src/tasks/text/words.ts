/** What becomes of the separators between words. */
type SplitBehavior = 'removed' | 'isolated' | 'contiguous' | 'mergedwithprevious' | 'mergedwithnext';

interface Segment {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Divides a text at what a global pattern finds; `invert`: at what it does not find. Throws for another behaviour. */
export function splitWords(
  text: string,
  pattern: RegExp,
  { behavior, invert = false }: { readonly behavior: string; readonly invert?: boolean },
): string[] {
  const segments = segmentsOf(text, pattern).map(({ text: own, isMatch }) => ({
    text: own,
    isMatch: isMatch !== invert,
  }));
  switch (behavior.toLowerCase() as SplitBehavior) {
    case 'removed':
      return segments.filter(({ isMatch }) => !isMatch).map(({ text: own }) => own);
    case 'isolated':
      return segments.map(({ text: own }) => own);
    case 'contiguous':
      return merge(segments, (last, next) => last.isMatch === next.isMatch);
    case 'mergedwithprevious':
      return merge(segments, (last, next) => next.isMatch && !last.isMatch);
    case 'mergedwithnext':
      return merge(segments, (last, next) => last.isMatch && !next.isMatch);
    default:
      throw new Error(`Unknown split behavior: ${behavior}`);
  }
}

function segmentsOf(text: string, pattern: RegExp): readonly Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (index > end) segments.push({ text: text.slice(end, index), isMatch: false });
    if (match !== '') segments.push({ text: match, isMatch: true });
    end = index + match.length;
  }
  if (end < text.length) segments.push({ text: text.slice(end), isMatch: false });
  return segments;
}

/** Joins each segment to the one before it where the two belong together; which two is said of the segments as they were. */
function merge(segments: readonly Segment[], belongs: (last: Segment, next: Segment) => boolean): string[] {
  const words: string[] = [];
  segments.forEach((segment, n) => {
    const last = segments[n - 1];
    if (last !== undefined && belongs(last, segment)) words.push((words.pop() ?? '') + segment.text);
    else words.push(segment.text);
  });
  return words;
}
