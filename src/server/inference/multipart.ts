import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { AppError, messageOf } from '../../errors.js';

/** A form's files in their order, and its fields. */
export interface Form {
  readonly files: readonly Buffer[];
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const mostFiles = 1024;

/** A body that is there whole is read at once; a parser that has not told its end by then never will. */
const limitMs = 10_000;

/** Reads multipart/form-data. Rejects with INVALID_INPUT for what is none, or was cut. */
export function parseMultipart(body: Buffer, contentType: string): Promise<Form> {
  return new Promise((resolve, reject) => {
    const files: Buffer[][] = [];
    const fields: [string, string][] = [];
    const timer = setTimeout(() => refuse(new Error(`its parts did not end within ${limitMs / 1000} s`)), limitMs);
    const refuse = (thrown: unknown) => {
      clearTimeout(timer);
      reject(
        new AppError('INVALID_INPUT', `The body is not multipart/form-data: ${messageOf(thrown)}`, { cause: thrown }),
      );
    };
    try {
      const headers: BusboyHeaders = { 'content-type': contentType };
      const limits = { files: mostFiles, fields: 64, fileSize: body.length };
      // The body is here whole. Parts that waited to be read stopped the parser for ever where nobody reads them: those without a disposition.
      const busboy = new Busboy({ headers, limits, fileHwm: body.length + 1, highWaterMark: body.length + 1 });
      busboy.on('file', (_name, stream) => {
        const chunks: Buffer[] = [];
        files.push(chunks);
        stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', refuse);
      });
      busboy.on('field', (name, value) => fields.push([name, value]));
      busboy.on('filesLimit', () => refuse(new Error(`more than ${mostFiles} files`)));
      busboy.on('finish', () => {
        clearTimeout(timer);
        resolve({ files: files.map((chunks) => Buffer.concat(chunks)), fields });
      });
      busboy.on('error', refuse);
      busboy.end(body);
    } catch (thrown) {
      refuse(thrown);
    }
  });
}
