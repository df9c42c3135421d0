import { AppError } from '../../../errors.js';

/** A flag that cannot be read: `--mount foo: <what is wrong>. <what to type>`. */
export function flagError(flag: string, text: string, problem: string): AppError {
  return new AppError('USAGE', `${flag} ${text}: ${problem}`, { details: { flag, value: text } });
}

/** One CSV line split into fields; quotes as in RFC 4180, the form in which docker reads --mount and --gpus. */
export function splitCsv(flag: string, line: string): readonly string[] {
  const fields: string[] = [];
  let rest = line;
  for (;;) {
    const match = /^"((?:[^"]|"")*)"(?=,|$)|^([^,"]*)(?=,|$)/.exec(rest);
    if (match === null)
      throw flagError(flag, line, 'a quote stands in the middle of a field; put the whole field in quotes');
    fields.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    rest = rest.slice(match[0].length);
    if (rest === '') return fields;
    rest = rest.slice(1);
  }
}

/** A `key=value` field; `value` is undefined where no `=` stands. */
export interface KeyValue {
  readonly key: string;
  readonly value: string | undefined;
}

/** Splits at the first `=`. */
export function splitKeyValue(field: string): KeyValue {
  const at = field.indexOf('=');
  return at < 0 ? { key: field, value: undefined } : { key: field.slice(0, at), value: field.slice(at + 1) };
}

/** A Go boolean as docker's long forms take it: `readonly`, `readonly=true`, `readonly=0`. */
export function parseFlagBoolean(flag: string, { key, value }: KeyValue): boolean {
  if (value === undefined || /^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw flagError(flag, `${key}=${value}`, 'expected true or false');
}
