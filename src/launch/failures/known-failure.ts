/** What a failure is about; `gpu` ones let `auto` fall back. */
export type FailureArea = 'gpu' | 'mount' | 'port' | 'network' | 'device' | 'engine' | 'image';

/** A failure text that engines, runtimes or libraries are known to print, with its cause and the line that helps. */
export interface KnownFailure {
  readonly id: string;
  readonly pattern: RegExp;
  readonly area: FailureArea;
  readonly cause: string;
  readonly fix: string;
}

/** A known failure as it stands in a table of one area. */
export type Row = readonly [id: string, pattern: RegExp, cause: string, fix: string];

/** The failures of a table's rows. */
export function failuresOf(area: FailureArea, rows: readonly Row[]): readonly KnownFailure[] {
  return rows.map(([id, pattern, cause, fix]) => ({ id, pattern, area, cause, fix }));
}
