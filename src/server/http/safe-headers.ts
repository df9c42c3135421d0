/** On every answer: no guessing of types, no address of ours to others, and no page of another origin may embed it. */
export const safeHeaders: readonly string[] = [
  'x-content-type-options',
  'nosniff',
  'referrer-policy',
  'no-referrer',
  'cross-origin-resource-policy',
  'same-origin',
];

/** On every answer that brings no policy of its own: opened as a page, it loads nothing, runs nothing, and stands in no frame. */
export const emptyPolicy: readonly string[] = [
  'content-security-policy',
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
];
