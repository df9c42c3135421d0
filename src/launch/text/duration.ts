/** Milliseconds of `90`, `90s`, `2m`, `1h` or `500ms`, a bare number being seconds; undefined for anything else. */
export function readDuration(text: string): number | undefined {
  const [, count, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const scale = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  return count === undefined || scale === undefined ? undefined : Number(count) * scale;
}
