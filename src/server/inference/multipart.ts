import type { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { AppError, messageOf } from '../../errors.js';

/** A form's files in their order, and its fields. */
export interface Form {
  readonly files: readonly Buffer[];
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const mostFiles = 1024;
const mostFields = 64;
/** Each costs a stream, also one that is no file and no field. */
const mostParts = mostFiles + mostFields;

/** Read in a turn of the event loop: text that resembles the boundary is searched at some 100 MB/s. */
const turnBytes = 256 * 1024;

/** A parser that was given the whole body and has not told its end by then never will. */
const limitMs = 10_000;

/** Reads multipart/form-data. Rejects with INVALID_INPUT for what is none, was cut, or has too many parts. */
export async function parseMultipart(body: Buffer, contentType: string): Promise<Form> {
  let busboy: InstanceType<typeof Busboy> | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const headers: BusboyHeaders = { 'content-type': contentType };
    const limits = { files: mostFiles, fields: mostFields, parts: mostParts, fileSize: body.length };
    // The body is here whole. Parts that waited to be read stopped the parser for ever where nobody reads them: those without a disposition.
    busboy = new Busboy({ headers, limits, fileHwm: body.length + 1, highWaterMark: body.length + 1 });
    const form = formOf(busboy);
    await Promise.race([form, writeInTurns(busboy, body)]);
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`its parts did not end within ${limitMs / 1000} s`)), limitMs);
    });
    return await Promise.race([form, late]);
  } catch (thrown) {
    throw new AppError('INVALID_INPUT', `The body is not multipart/form-data: ${messageOf(thrown)}`, { cause: thrown });
  } finally {
    clearTimeout(timer);
    busboy?.destroy();
  }
}

/** What a parser finds in all that is written to it. */
function formOf(busboy: InstanceType<typeof Busboy>): Promise<Form> {
  return new Promise((resolve, reject) => {
    const files: Buffer[][] = [];
    const fields: [string, string][] = [];
    busboy.on('file', (_name, stream) => {
      const chunks: Buffer[] = [];
      files.push(chunks);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
    });
    busboy.on('field', (name: string | undefined, value) => {
      if (name === undefined) reject(new Error('a field has no name'));
      else fields.push([name, value]);
    });
    busboy
      .on('filesLimit', stopAt(`${mostFiles} files`))
      .on('fieldsLimit', stopAt(`${mostFields} fields`))
      .on('partsLimit', stopAt(`${mostParts} parts`));
    busboy.on('finish', () => resolve({ files: files.map((chunks) => Buffer.concat(chunks)), fields }));
    busboy.on('error', reject);
  });
}

/** What is told while the body is being written ends the writing: the parser itself would go on to the last part. */
function stopAt(what: string): () => never {
  return () => {
    throw new Error(`more than ${what}`);
  };
}

/** Ends early where the parser is destroyed: nobody waits for it then. */
async function writeInTurns(busboy: Writable, body: Buffer): Promise<void> {
  for (let at = 0; at < body.length; at += turnBytes) {
    if (at > 0) await nextTurn();
    if (busboy.destroyed) return;
    busboy.write(body.subarray(at, at + turnBytes));
  }
  busboy.end();
}
