/** Columns and rows of a sign. */
export const glyphSize = { width: 5, height: 7 } as const;

/** Seven rows from the top, each a digit to the base of 32 whose five bits are its columns. */
const rows: Readonly<Record<string, string>> = {
  ...{ '0': 'ehjlphe', '1': '4c4444e', '2': 'eh1248v', '3': 'v2421he', '4': '26aiv22', '5': 'vgu11he', '6': '68guhhe' },
  ...{ '7': 'v124888', '8': 'ehhehhe', '9': 'ehhf12c', A: 'ehhvhhh', B: 'uhhuhhu', C: 'ehggghe', D: 'sihhhis' },
  ...{ E: 'vgguggv', F: 'vgguggg', G: 'ehgnhhf', H: 'hhhvhhh', I: 'e44444e', J: '72222ic', K: 'hikokih', L: 'ggggggv' },
  ...{ M: 'hrllhhh', N: 'hpljhhh', O: 'ehhhhhe', P: 'uhhuggg', Q: 'ehhhlid', R: 'uhhukih', S: 'fgge11u', T: 'v444444' },
  ...{ U: 'hhhhhhe', V: 'hhhhha4', W: 'hhhllla', X: 'hha4ahh', Y: 'hhha444', Z: 'v1248gv', ' ': '0000000' },
  ...{ '.': '00000cc', ',': '0000c48', ':': '0cc0cc0', '-': '000v000', _: '000000v', '/': '01248g0', '%': 'op248j3' },
  ...{ '(': '2488842', ')': '8422248', '?': 'eh12404', '!': '4444404', "'": 'c480000', '"': 'aaa0000', '+': '044v440' },
  ...{ '=': '00v0v00', '#': 'aavavaa' },
}; // prettier-ignore

/** A text in the signs that there are: capitals without accents, and ? for what has none. */
export function drawable(text: string): string {
  const capitals = text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase();
  return Array.from(capitals, (sign) => (sign in rows ? sign : '?')).join('');
}

/** Whether a sign is inked at a place. */
export function isInked(sign: string, column: number, row: number): boolean {
  const bits = parseInt(rows[sign]?.[row] ?? '0', 32);
  return ((bits >> (glyphSize.width - 1 - column)) & 1) === 1;
}
