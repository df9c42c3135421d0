import { ascii } from './ascii.js';
import { readNumber } from './number.js';
import type { JsonReader } from './reader.js';

/** Reads past one value of any kind, checking its syntax; `nonFinite` lets NaN and Infinity tokens pass. */
export function skipValue(reader: JsonReader, nonFinite = false): void {
  const closers: number[] = [];
  do {
    const closer = openBracket(reader);
    if (closer === undefined) skipScalar(reader, nonFinite);
    else if (reader.peek() === closer) reader.leave();
    else {
      closers.push(closer);
      if (closer === ascii.closeObject) reader.readKey();
      continue;
    }
    closeBrackets(reader, closers);
  } while (closers.length > 0);
}

/** Moves past an opening bracket and answers the one that closes it; undefined at a scalar. */
function openBracket(reader: JsonReader): number | undefined {
  const byte = reader.peek();
  if (byte !== ascii.openArray && byte !== ascii.openObject) return undefined;
  reader.enter();
  return byte === ascii.openArray ? ascii.closeArray : ascii.closeObject;
}

/** After a value: leaves what ends here, up to the next value or the outermost bracket. */
function closeBrackets(reader: JsonReader, closers: number[]): void {
  for (;;) {
    const closer = closers.at(-1);
    if (closer === undefined) return;
    const byte = reader.peek();
    if (byte === ascii.comma) {
      reader.pos++;
      if (closer === ascii.closeObject) reader.readKey();
      return;
    }
    if (byte !== closer) reader.fail(`expected ',' or '${String.fromCharCode(closer)}'`);
    reader.leave();
    closers.pop();
  }
}

function skipScalar(reader: JsonReader, nonFinite: boolean): void {
  const byte = reader.peek();
  if (byte === ascii.quote) reader.readString('a value');
  else if (reader.take('true') || reader.take('false') || reader.take('null')) return;
  else if (nonFinite && (reader.take('NaN') || reader.take('Infinity') || reader.take('-Infinity'))) return;
  else if (byte === ascii.minus || (byte >= ascii.zero && byte <= ascii.nine)) readNumber(reader, true);
  else reader.fail('expected a value');
}
