const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of a file in UTF-8, or in UTF-16 where a byte order mark says so, as PowerShell writes it; the mark is left out. Throws where
 * the bytes are neither, since characters would be lost.
 */
export function decodeFileText(bytes: Uint8Array): string {
  const mark = bytes.length < 2 ? 0 : (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  if (mark === 0xfffe) return new TextDecoder('utf-16le', { fatal: true }).decode(bytes);
  if (mark === 0xfeff) return new TextDecoder('utf-16be', { fatal: true }).decode(bytes);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Error('it is not text in UTF-8: save it in that encoding', { cause });
  }
}
