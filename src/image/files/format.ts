/** Image formats that are decoded. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif';

/** What bytes seem to be, from their beginning. `what` completes "it seems to be ..."; text is any that is no image or page, if only perhaps. */
export type Sniffed =
  | { readonly kind: 'image'; readonly format: ImageFormat }
  | { readonly kind: 'other'; readonly what: string; readonly mayBeText: boolean };

interface Signature {
  /** At which byte the text begins. */
  readonly at: number;
  /** Latin-1 text, the bytes themselves. */
  readonly text: string;
}

const starts = (text: string, at = 0): Signature => ({ at, text });

const images: readonly (readonly [ImageFormat, ...Signature[]])[] = [
  ['jpeg', starts('\xff\xd8\xff')],
  ['png', starts('\x89PNG\r\n\x1a\n')],
  ['gif', starts('GIF8')],
  ['webp', starts('RIFF'), starts('WEBP', 8)],
  ['tiff', starts('II*\0')],
  ['tiff', starts('MM\0*')],
  ['tiff', starts('II+\0')],
  ['tiff', starts('MM\0+')],
];

const others: readonly (readonly [string, Signature])[] = [
  ['a BMP image', starts('BM')],
  ['an icon (ICO)', starts('\0\0\x01\0')],
  ['a JPEG XL image', starts('\xff\x0a')],
  ['a JPEG XL image', starts('JXL ', 4)],
  ['a JPEG 2000 image', starts('jP  ', 4)],
  ['a Photoshop file', starts('8BPS')],
  ['a PDF document', starts('%PDF')],
  ['a ZIP archive', starts('PK\x03\x04')],
  ['gzip data', starts('\x1f\x8b')],
  ['a NumPy array', starts('\x93NUMPY')],
  ['a Matroska or WebM video', starts('\x1aE\xdf\xa3')],
];

/** How much of the beginning is looked at. */
const headBytes = 4096;

/** Tells an image's format by its first bytes; names and Content-Types are not believed. */
export function sniffImage(bytes: Uint8Array): Sniffed {
  if (bytes.length === 0) return { kind: 'other', what: 'empty', mayBeText: false };
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headBytes)).toString('latin1');
  const fits = ({ at, text }: Signature): boolean => head.startsWith(text, at);
  const image = images.find(([, ...signatures]) => signatures.every(fits));
  if (image !== undefined) return { kind: 'image', format: image[0] };
  if (head.startsWith('ftyp', 4)) return sniffIsoMedia(head);
  const other = others.find(([, signature]) => fits(signature));
  if (other !== undefined) return { kind: 'other', what: other[0], mayBeText: false };
  const markup = describeMarkup(head);
  if (markup !== undefined) return { kind: 'other', what: markup, mayBeText: false };
  return { kind: 'other', what: describeText(head) ?? 'in an unknown format', mayBeText: true };
}

/** ISO base media files say what they are in a list of brands (ISO/IEC 14496-12, "ftyp"). */
function sniffIsoMedia(head: string): Sniffed {
  const end = Math.min(head.length, Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE());
  const brands = [head.slice(8, 12), ...(head.slice(16, end).match(/.{4}/gs) ?? [])];
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return { kind: 'image', format: 'avif' };
  const isHeic = brands.some((brand) => /^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(brand));
  const what = isHeic ? 'a HEIC image (save it as JPEG)' : 'a video (MP4 or similar)';
  return { kind: 'other', what, mayBeText: false };
}

/**
 * An AVIF animation as the still that lies in it, its first frame: the library takes a file whose major brand is that of animations for none
 * that it knows (AV1 Image File Format, 6). Any other file as it is.
 */
export function stillOf(bytes: Uint8Array): Uint8Array {
  if (Buffer.from(bytes.subarray(4, 12)).toString('latin1') !== 'ftypavis') return bytes;
  const still = bytes.slice();
  still.set(Buffer.from('avif'), 8);
  return still;
}

const startOf = (head: string): string => head.replace(/^\xef\xbb\xbf/, '').trimStart();

function describeMarkup(head: string): string | undefined {
  const text = startOf(head);
  if (/^<svg[\s>]/i.test(text) || (/^<(\?xml|!--|!doctype svg)/i.test(text) && /<svg[\s>]/i.test(text))) {
    return 'an SVG drawing (render it to PNG first)';
  }
  return /^<(!doctype html|html)/i.test(text) ? 'an HTML page' : undefined;
}

function describeText(head: string): string | undefined {
  const text = startOf(head);
  if (/^[[{]/.test(text)) return 'JSON text';
  if (/^(?:https?|file|s3|gs):\/\//i.test(text)) return 'an address, which is not fetched (send the image itself)';
  return /^[\t\n\r\x20-\x7e]+$/.test(text) ? 'plain text' : undefined;
}
