const slots = 1024;
const longest = 48;

/** The last short text seen in each slot: keys and tensor names come again with every request, so they are made once. */
const seen: (string | undefined)[] = new Array<string | undefined>(slots).fill(undefined);

/** The text of ASCII bytes; `hash` is any hash of them. Short texts come from a cache of fixed size. */
export function readAscii(
  bytes: Buffer,
  range: { readonly start: number; readonly end: number; readonly hash: number },
) {
  const { start, end, hash } = range;
  if (end - start > longest) return bytes.toString('latin1', start, end);
  const slot = hash & (slots - 1);
  const known = seen[slot];
  if (known !== undefined && isText(known, bytes, start) && known.length === end - start) return known;
  const text = bytes.toString('latin1', start, end);
  seen[slot] = text;
  return text;
}

function isText(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}
