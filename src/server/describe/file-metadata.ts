/** How much of a file's own metadata an answer shows unless it is asked for the whole. */
const shown = { valueCharacters: 1024, allCharacters: 16 * 1024 } as const;

/**
 * What exporters wrote into the model file (ModelProto.metadata_props), for an answer: long values are cut at their end, and once
 * `allCharacters` are used up only lengths are given. What was cut says so, with the query that gives all of it.
 */
export function showFileMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  let left: number = shown.allCharacters;
  const entries: [string, string][] = [];
  for (const [key, value] of Object.entries(metadata)) {
    if (left < key.length) {
      entries.push(['…', `${Object.keys(metadata).length} entries in all; ${advice}`]);
      break;
    }
    const text = cut(value, Math.min(shown.valueCharacters, left - key.length));
    left -= key.length + text.length;
    entries.push([key, text]);
  }
  return Object.fromEntries(entries);
}

const advice = 'ask with ?metadata=whole to see everything';

function cut(value: string, most: number): string {
  if (value.length <= most) return value;
  return `${value.slice(0, most)}… (${value.length} characters in all; ${advice})`;
}
