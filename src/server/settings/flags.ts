import { parseAuthority, parseOrigin } from './authority.js';

/** How a flag's text becomes a value: throws nothing, answers undefined where the text does not fit. */
export interface FlagKind<T> {
  /** `a port from 0 to 65535`, for "expected ...". */
  readonly expected: string;
  readonly parse: (text: string) => T | undefined;
  /** What a file of settings may hold there, as JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** The reverse of parse, for --help. */
  readonly show?: (value: never) => string;
}

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): FlagKind<number> {
  const to = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
  return {
    expected: `a whole number ${to}`,
    schema: { type: 'integer', minimum: min, ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }) },
    parse: (text) => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

const sizes = {
  anyOf: [
    { type: 'integer', minimum: 1 },
    { type: 'string', pattern: '^\\d{1,12}([KMGkmg]?([Ii]?[Bb])?)$' },
  ],
};

/** A whole number of bytes, with a K, M or G (powers of 1024) if wished. */
export const bytes: FlagKind<number> = {
  expected: 'a number of bytes such as 1048576, 64M or 1G',
  schema: sizes,
  parse: (text) => {
    const match = /^(\d{1,12})([KMG]?)(?:i?B)?$/i.exec(text);
    if (match === null) return undefined;
    const value = Number(match[1]) * 1024 ** ['', 'K', 'M', 'G'].indexOf((match[2] ?? '').toUpperCase());
    return value >= 1 && Number.isSafeInteger(value) ? value : undefined;
  },
  show: (value: number) =>
    value % 2 ** 20 === 0 ? `${value / 2 ** 20}M` : value % 1024 === 0 ? `${value / 1024}K` : `${value}`,
};

/** The longest time that a timer takes: it treats a longer one as none at all. */
const longestMs = 2 ** 31 - 1;

/** A time: milliseconds, or a number with ms, s or m. */
export const duration: FlagKind<number> = {
  expected: 'a time such as 500ms, 30s or 2m, 24 days at most',
  schema: {
    anyOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', pattern: '^\\d{1,9}(\\.\\d{1,3})?(ms|s|m)?$' },
    ],
  },
  parse: (text) => {
    const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)?$/.exec(text);
    const unit = { ms: 1, s: 1000, m: 60_000 }[(match?.[2] ?? 'ms') as 'ms' | 's' | 'm'];
    const timeMs = Math.round(Number(match?.[1]) * unit);
    return timeMs <= longestMs ? timeMs : undefined;
  },
  show: (value: number) => (value >= 1000 ? `${value / 1000}s` : `${value}`),
};

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): FlagKind<T> {
  return { expected: words.join(', '), schema: { enum: words }, parse: (text) => words.find((word) => word === text) };
}

/** `auto`, or a whole number of 1 or more. */
export const autoOrCount: FlagKind<number | 'auto'> = {
  expected: 'auto or a whole number of 1 or more',
  schema: { anyOf: [{ const: 'auto' }, { type: 'integer', minimum: 1, maximum: 4096 }] },
  parse: (text) => (text === 'auto' ? 'auto' : integer(1, 4096).parse(text)),
};

/** `auto`, or a number of bytes. */
export const autoOrBytes: FlagKind<number | 'auto'> = {
  expected: `auto or ${bytes.expected}`,
  schema: { anyOf: [{ const: 'auto' }, ...sizes.anyOf] },
  parse: (text) => (text === 'auto' ? 'auto' : bytes.parse(text)),
};

/** Yes or no; a flag without a value is yes. */
export const toggle: FlagKind<boolean> = {
  expected: 'true or false',
  schema: { type: 'boolean' },
  parse: (text) =>
    ({ true: true, '1': true, yes: true, on: true, false: false, '0': false, no: false, off: false })[text],
};

/** Any text but none. */
export const text: FlagKind<string> = {
  expected: 'a text',
  schema: { type: 'string', minLength: 1 },
  parse: (value) => (value === '' ? undefined : value),
};

/** What paths start with: `/prefix` without a slash at its end, or nothing. */
export const pathPrefix: FlagKind<string> = {
  expected: 'a path such as /models, without a trailing slash',
  schema: { type: 'string', pattern: '^(/|(/[A-Za-z0-9_.~-]+)*)$' },
  parse: (value) => (value === '/' ? '' : /^(\/[\w.~-]+)*$/.test(value) ? value : undefined),
};

const texts = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string', pattern: '^[^,]*$' } }] };

/** Names of hosts between commas: `models.example.com`, `*.example.com`, or `*` for all. */
export const hostNames: FlagKind<readonly string[]> = {
  expected: 'names such as models.example.com or *.example.com, without a port, or *',
  schema: texts,
  parse: (value) => {
    const names = list.parse(value) ?? [];
    return names.every((name) => name === '*' || isHostName(name.replace(/^\*\./, ''))) ? names : undefined;
  },
};

function isHostName(text: string): boolean {
  const authority = parseAuthority(text);
  return authority !== undefined && authority.port === undefined;
}

/** Origins of pages between commas: `https://app.example.com`, or `*` for all. */
export const origins: FlagKind<readonly string[]> = {
  expected: 'origins such as https://app.example.com, without a path, or *',
  schema: texts,
  parse: (value) => {
    const all = list.parse(value) ?? [];
    return all.every((each) => each === '*' || parseOrigin(each) !== undefined) ? all : undefined;
  },
};

/** Words separated by commas. */
export const list: FlagKind<readonly string[]> = {
  expected: 'words separated by commas',
  schema: texts,
  parse: (value) =>
    value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
};
