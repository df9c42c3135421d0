import { AwsClient } from 'aws4fetch';
import type { StoreWorld } from '../world.js';
import { ask, type Question } from '../transfer/ask.js';
import { findAwsCredentials, type AwsCredentials } from './credentials.js';

/** A request as S3 takes it. */
export interface S3Question extends Question {
  readonly query?: Readonly<Record<string, string>>;
}

/** One bucket: signed requests where there are credentials, else what anybody may ask. */
export interface Bucket {
  /** The address of an object, or with '' of the bucket. */
  urlOf(key: string): URL;
  ask(key: string, question?: S3Question): Promise<Response>;
  /** The headers that sign a PUT of bytes of which the SHA-256 is known. */
  signPut(
    key: string,
    headers: Readonly<Record<string, string>>,
    sha256: string,
  ): Promise<Readonly<Record<string, string>>>;
  /** Who asks, for a sentence about a refusal. */
  readonly identity: string;
}

/** SHA-256 of no bytes. */
const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Opens a bucket at AWS, or at the endpoint that AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL names. */
export async function openBucket(bucket: string, world: StoreWorld): Promise<Bucket> {
  const { credentials, region, endpoint } = await findAwsCredentials(world);
  const base = baseOf(bucket, region, endpoint);
  const urlOf = (key: string): URL => new URL(key.split('/').map(encodeKey).join('/'), base);
  const sign = async (url: URL, { method = 'GET', headers = {} }: Question, sha256: string) => {
    if (credentials === undefined) return headers;
    const client = clientOf(credentials, region);
    const signed = await client.sign(url.href, { method, headers: { ...headers, 'x-amz-content-sha256': sha256 } });
    return Object.fromEntries(signed.headers);
  };
  return {
    urlOf,
    identity: credentials?.source ?? 'nobody (no credentials were found)',
    ask: async (key, { query = {}, ...question } = {}) => {
      const url = urlOf(key);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const headers = await sign(url, question, nothing);
      // A signature holds for no other address, and the session's token goes with it.
      return ask(world, url, { ...question, headers, ...(credentials === undefined ? {} : { redirect: 'manual' }) });
    },
    signPut: (key, headers, sha256) => sign(urlOf(key), { method: 'PUT', headers }, sha256),
  };
}

/** As S3 wants keys in paths: everything but letters, digits and `-._~` with a percent sign. */
function encodeKey(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Other endpoints know buckets by path; AWS by host, but for names whose dots no certificate covers. */
function baseOf(bucket: string, region: string, endpoint: string | undefined): string {
  if (endpoint !== undefined) return `${endpoint}/${bucket}/`;
  const host = `s3.${region}.amazonaws.com`;
  return bucket.includes('.') ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`;
}

function clientOf({ accessKeyId, secretAccessKey, sessionToken }: AwsCredentials, region: string): AwsClient {
  return new AwsClient({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    region,
    service: 's3',
    retries: 0,
  });
}
