import type { OutputChunk } from '../types.js';

/**
 * Splits the engine's multiplexed stream into stdout and stderr.
 * Each frame: 1 byte stream (0 stdin, 1 stdout, 2 stderr), 3 zero bytes, 4 bytes big-endian length, payload
 * (Engine API, "ContainerAttach", stream format). Payload is passed on as it comes; a frame need not be complete.
 */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk> {
  let header = Buffer.alloc(0);
  let stream: OutputChunk['stream'] = 'stdout';
  let left = 0;
  for await (const chunk of source) {
    let rest = chunk;
    while (rest.length > 0) {
      if (left > 0) {
        const data = rest.subarray(0, left);
        rest = rest.subarray(data.length);
        left -= data.length;
        yield { stream, data };
        continue;
      }
      const missing = 8 - header.length;
      header = Buffer.concat([header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (header.length < 8) break;
      stream = header[0] === 2 ? 'stderr' : 'stdout';
      left = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
}

/** The output of a process with a TTY: one raw stream. */
export async function* asStdout(source: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk> {
  for await (const data of source) yield { stream: 'stdout', data };
}

/** Objects of a stream of JSON lines, whatever the chunks. */
export async function* parseJsonLines(source: AsyncIterable<Buffer>): AsyncGenerator {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of source) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (text.trim() !== '') yield JSON.parse(text);
}
