import { AppError } from '../../errors.js';

const secondsOf: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Seconds since 1970 of a moment as --since takes it: a duration back from now (`10m`, `1h30m`), a date
 * (`2026-01-31T12:00:00Z`, `2026-01-31`), or seconds since 1970. Throws USAGE.
 */
export function parseTime(flag: string, text: string, nowMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
    return nowMs / 1000 - parts.reduce((sum, [, count, unit]) => sum + Number(count) * (secondsOf[unit ?? ''] ?? 0), 0);
  }
  const date = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date)) return date / 1000;
  throw new AppError(
    'USAGE',
    `${flag} is "${text}". Expected a duration (10m, 1h30m), a date (2026-01-31T12:00:00Z) or seconds since 1970.`,
  );
}

/** Milliseconds of `90`, `90s`, `2m`, `1h` or `500ms`, a bare number being seconds; undefined for anything else. */
export function readDuration(text: string): number | undefined {
  const [, count, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const scale = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  return count === undefined || scale === undefined ? undefined : Number(count) * scale;
}
