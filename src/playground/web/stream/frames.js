import { ask } from '../api.js';

/**
 * Reads a stream of JPEGs with the key of this tab and calls `onFrame(blob)` for each, until it ends. Throws ServerError.
 * An image element would show it by itself, but sends no key.
 */
export async function readFrames(name, { onFrame, signal }) {
  const response = await ask(`stream/${encodeURIComponent(name)}`, { signal });
  const reader = response.body.getReader();
  let held = new Uint8Array(0);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held = join(held, value);
    for (let part = takePart(held); part !== undefined; part = takePart(held)) {
      held = part.rest;
      onFrame(new Blob([part.frame], { type: 'image/jpeg' }));
    }
  }
}

function join(a, b) {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The first part of what came, and what is behind it; undefined while it is not whole. The server says how long each is. */
function takePart(held) {
  const head = new TextDecoder('latin1').decode(held.subarray(0, 1024));
  const end = head.indexOf('\r\n\r\n');
  const length = Number(/content-length: (\d+)/.exec(head)?.[1]);
  const from = end + 4;
  if (end === -1 || held.length < from + length + 2) return undefined;
  return { frame: held.slice(from, from + length), rest: held.slice(from + length + 2) };
}
