import { stripVTControlCharacters } from 'node:util';

/** Lays rows out in columns two spaces apart; the last column is not padded. Widths ignore colour codes. */
export function formatTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headers, ...rows];
  const widths = headers.map((_, column) => Math.max(...lines.map((line) => printedWidth(line[column] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === line.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - printedWidth(cell)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Characters that a text takes on a terminal, colour codes left out. */
function printedWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}
