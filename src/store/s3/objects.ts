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
    objects.push(...parseObjects(text));
    const next = valueOf(text, 'NextContinuationToken');
    if (valueOf(text, 'IsTruncated') !== 'true') return objects;
    if (next === undefined || next === token)
      throw new AppError('REQUEST_FAILED', `The listing of ${shown} breaks off without saying where it goes on.`);
    token = next;
  }
}

function parseObjects(xml: string): readonly S3Object[] {
  const isEncoded = valueOf(xml, 'EncodingType') === 'url';
  return [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry = '']) => {
    const key = valueOf(entry, 'Key') ?? '';
    return {
      key: isEncoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key,
      sizeBytes: Number(valueOf(entry, 'Size')),
      etag: valueOf(entry, 'ETag') ?? '',
    };
  });
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of an element, its entities read; undefined where there is none. */
function valueOf(xml: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole: string, ...groups: (string | undefined)[]) => {
    const [decimal, hex, name] = groups;
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return entities[name ?? ''] ?? whole;
  });
}
