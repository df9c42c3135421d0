import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { messageOf } from '../errors.js';

/**
 * Ends a command whose standard output takes no more: without a word where the reader went away (`slipway predict ... | head -1`), else with a
 * sentence and exit code 1. Where that is a file, all of it is written here: Node.js takes the part that fits on a full disk for the whole.
 */
export function endWithStandardOutput({
  stdout,
  stderr,
  exit,
}: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exit'>): void {
  const end = (error: NodeJS.ErrnoException): void => {
    const isRead = error.code !== 'EPIPE';
    if (isRead) stderr.write(`✗ The standard output cannot be written: ${messageOf(error)}.\n`);
    exit(isRead ? 1 : 0);
  };
  stdout.on('error', end);
  // What is said beside the result may be lost.
  stderr.on('error', () => undefined);
  const stream: Writable = stdout;
  if (!(stream instanceof Socket)) writeWhole(stream, stdout.fd, end);
}

function writeWhole(stream: Writable, fd: number, end: (error: NodeJS.ErrnoException) => void): void {
  stream._write = (bytes: Buffer, _encoding, done) => {
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
      done();
    } catch (thrown) {
      end(thrown as NodeJS.ErrnoException);
    }
  };
}
