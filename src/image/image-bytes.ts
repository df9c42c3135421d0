import type { BytesElement } from '../tensor/tensor.js';

const dataUrl = /^\s*data:[^,]{0,200};base64,/i;
const base64Start = /^\s*[A-Za-z0-9+/_-]{16}/;

/** How much is looked at to tell text from an image. */
const headBytes = 256;

/**
 * An image's bytes from what a client sent: the bytes themselves, or base64 (bare, URL-safe, or in a `data:` URL), as text
 * or as the bytes of a text. No image format begins with 16 letters of base64.
 */
export function imageBytes(sent: BytesElement): Uint8Array {
  if (typeof sent === 'string') return decodeBase64(sent);
  const buffer = Buffer.from(sent.buffer, sent.byteOffset, sent.byteLength);
  const head = buffer.toString('latin1', 0, headBytes);
  return base64Start.test(head) || dataUrl.test(head) ? decodeBase64(buffer.toString('latin1')) : sent;
}

function decodeBase64(text: string): Uint8Array {
  const prefix = dataUrl.exec(text)?.[0] ?? '';
  return base64Start.test(text.slice(prefix.length, prefix.length + headBytes))
    ? Buffer.from(text.slice(prefix.length), 'base64')
    : Buffer.from(text, 'utf8');
}
