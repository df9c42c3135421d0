import { AppError } from '../../errors.js';
import { failureOf, readAnswer } from '../transfer/ask.js';
import type { S3Location } from '../location.js';
import type { Bucket } from './client.js';

/** One object of a bucket's listing. */
export interface S3Object {
  readonly key: string;
  readonly sizeBytes: number;
  /** With its quotation marks. */
  readonly etag: string;
}

/** Most objects of one place: a listing whose pages never end would fill the memory. */
const mostObjects = 100_000;

/** All objects whose keys begin with a prefix, page after page. */
export async function listObjects(bucket: Bucket, prefix: string, { shown }: S3Location): Promise<readonly S3Object[]> {
  const objects: S3Object[] = [];
  for (let token: string | undefined; ;) {
    const query = {
      'list-type': '2',
      prefix,
      'encoding-type': 'url',
      ...(token === undefined ? {} : { 'continuation-token': token }),
    };
    const response = await bucket.ask('', { query });
    if (response.status !== 200)
      throw await failureOf(
        response,
        shown,
        `Asked as ${bucket.identity}; region and endpoint come from AWS_REGION and AWS_ENDPOINT_URL.`,
      );
    const text = (await readAnswer(response, shown)).toString();
    for (const object of parseObjects(text, shown)) objects.push(object);
    if (objects.length > mostObjects)
      throw new AppError('REQUEST_FAILED', `${shown} lists more than ${mostObjects} objects: name a folder of it.`);
    const next = valueOf(text, 'NextContinuationToken');
    if (valueOf(text, 'IsTruncated') !== 'true') return objects;
    if (next === undefined || next === token)
      throw new AppError('REQUEST_FAILED', `The listing of ${shown} breaks off without saying where it goes on.`);
    token = next;
  }
}

function parseObjects(xml: string, shown: string): readonly S3Object[] {
  const isEncoded = valueOf(xml, 'EncodingType') === 'url';
  const [, ...entries] = xml.split('<Contents>');
  return entries.map((rest) => {
    const [entry = ''] = rest.split('</Contents>', 1);
    const key = valueOf(entry, 'Key') ?? '';
    return {
      key: isEncoded ? decodeKey(key, shown) : key,
      sizeBytes: Number(valueOf(entry, 'Size')),
      etag: valueOf(entry, 'ETag') ?? '',
    };
  });
}

function decodeKey(key: string, shown: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    const text = `The listing of ${shown} has the key ${JSON.stringify(key)}, which cannot be decoded.`;
    throw new AppError('REQUEST_FAILED', text, { cause });
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of an element, its entities read; undefined where there is none. */
function valueOf(xml: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole: string, ...groups: (string | undefined)[]) => {
    const [decimal, hex, name] = groups;
    if (name !== undefined) return entities[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
