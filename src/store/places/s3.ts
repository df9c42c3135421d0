import { AppError } from '../../errors.js';
import { openBucket, type Bucket } from '../s3/client.js';
import { listObjects, type S3Object } from '../s3/objects.js';
import { rangeHeaders } from '../transfer/ask.js';
import { sha256Of, type Digest } from '../transfer/digest.js';
import type { S3Location } from '../location.js';
import { checkPath, type ListedFile, type Listing } from '../transfer/listing.js';
import type { StoreWorld } from '../world.js';

/** What lies in a bucket under a key: one model file, or all objects below it, as folders. */
export async function listS3(location: S3Location, world: StoreWorld): Promise<Listing> {
  const { bucket: name, key, shown } = location;
  const bucket = await openBucket(name, world);
  const objects = (await listObjects(bucket, key, location)).filter((each) => !each.key.endsWith('/'));
  const file = objects.find((each) => each.key === key);
  if (file !== undefined) return oneFile({ file, bucket, location });
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
  const inside = objects.filter((each) => each.key.startsWith(prefix));
  if (inside.length === 0)
    throw new AppError('NOT_FOUND', `${shown} holds no object. Expected NAME.onnx or a folder with models.`);
  return {
    revision: revisionOf(inside),
    isPinned: true,
    entry: location.name,
    files: inside.map((each) =>
      listed(each, { path: `${location.name}/${checkPath(each.key.slice(prefix.length), shown)}`, bucket }),
    ),
    notes: [],
  };
}

interface OneFile {
  readonly file: S3Object;
  readonly bucket: Bucket;
  readonly location: S3Location;
}

function oneFile({ file, bucket, location: { name, shown, key } }: OneFile): Listing {
  if (!key.endsWith('.onnx'))
    throw new AppError('USAGE', `${shown} is an object but not a model: expected NAME.onnx or a folder with models.`);
  const model = `${name}.onnx`;
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const find = (path: string): ListedFile => ({
    path: checkPath(path, shown),
    open: (offset) => bucket.ask(`${folder}${path}`, { headers: rangeHeaders(offset, undefined) }),
  });
  return {
    revision: revisionOf([file]),
    isPinned: true,
    entry: model,
    files: [listed(file, { path: model, bucket })],
    beside: { model, find },
    notes: [],
  };
}

/** A listing has no version of its own: its objects, each with the tag of its bytes, come to one. */
function revisionOf(objects: readonly S3Object[]): string {
  return sha256Of(
    objects
      .map(({ key, etag, sizeBytes }) => `${key} ${etag} ${sizeBytes}\n`)
      .sort()
      .join(''),
  );
}

function listed(object: S3Object, { path, bucket }: { readonly path: string; readonly bucket: Bucket }): ListedFile {
  const { key, sizeBytes, etag } = object;
  return {
    path,
    sizeBytes,
    digestOf: (response) => digestOf(response, etag),
    open: (offset) =>
      bucket.ask(key, {
        headers: { 'if-match': etag, 'x-amz-checksum-mode': 'ENABLED', ...rangeHeaders(offset, etag) },
      }),
  };
}

/** The SHA-256 that whoever put the object said, else the tag, which is the MD5 of objects put in one part and not under a key of KMS. */
function digestOf({ headers }: Response, etag: string): Digest | undefined {
  const said = headers.get('x-amz-meta-sha256');
  if (said !== null && /^[0-9a-f]{64}$/.test(said)) return { algorithm: 'sha256', hex: said };
  const checksum = headers.get('x-amz-checksum-sha256');
  if (checksum !== null && /^[\w+/]{43}=$/.test(checksum))
    return { algorithm: 'sha256', hex: Buffer.from(checksum, 'base64').toString('hex') };
  const isEncrypted =
    /kms/.test(headers.get('x-amz-server-side-encryption') ?? '') ||
    headers.has('x-amz-server-side-encryption-customer-algorithm');
  const md5 = /^"([0-9a-f]{32})"$/.exec(etag)?.[1];
  return md5 === undefined || isEncrypted ? undefined : { algorithm: 'md5', hex: md5 };
}
