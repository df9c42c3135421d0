import { AppError } from '../errors.js';

interface Named {
  /** What the model or the folder of models is called: the last part of its path, without `.onnx`. */
  readonly name: string;
  /** The location for people and logs: without passwords, and without a query, which may sign it. */
  readonly shown: string;
}

/** A file behind a URL. */
export interface HttpLocation extends Named {
  readonly kind: 'http';
  readonly url: URL;
  /** Given by `#sha256=...`. */
  readonly sha256?: string;
}

/** An object, or all below a prefix, in a bucket. */
export interface S3Location extends Named {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without a slash in front; '' is the whole bucket. */
  readonly key: string;
}

/** An artifact or image in a registry. */
export interface OciLocation extends Named {
  readonly kind: 'oci';
  readonly registry: string;
  readonly repository: string;
  /** A tag, or `sha256:...`. */
  readonly reference: string;
  /** Plain HTTP: asked for by `oci+http://`, and used for this machine. */
  readonly isPlain: boolean;
}

/** A repository of the Hugging Face hub. */
export interface HubLocation extends Named {
  readonly kind: 'hf';
  /** `owner/name`. */
  readonly repository: string;
  readonly revision: string;
  /** A file or folder in it; '' is all of it. */
  readonly path: string;
}

/** Where models are kept other than in a folder. */
export type Location = HttpLocation | S3Location | OciLocation | HubLocation;

const schemes = /^(https?|s3|oci|oci\+http|hf):\/\//i;

/** Whether a text names models that are to be fetched, rather than a path. */
export function isRemote(text: string): boolean {
  return schemes.test(text);
}

/** Takes a location apart. Throws USAGE that says what is expected. */
export function parseLocation(text: string): Location {
  const scheme = schemes.exec(text)?.[1]?.toLowerCase();
  const rest = text.slice(text.indexOf('://') + 3);
  if (scheme === 'http' || scheme === 'https') return parseHttp(text);
  if (scheme === 's3') return parseS3(text, rest);
  if (scheme === 'hf') return parseHub(text, rest);
  if (scheme === 'oci' || scheme === 'oci+http') return parseOci(text, rest, scheme === 'oci+http');
  throw refuse(text, 'https://HOST/NAME.onnx, s3://BUCKET/KEY, oci://REGISTRY/NAME:TAG or hf://OWNER/NAME');
}

function refuse(text: string, expected: string): AppError {
  return new AppError('USAGE', `${withoutSecrets(text)} is not a location to fetch models from: expected ${expected}.`);
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '');
}

function nameOf(path: string, text: string): string {
  const name = (
    path
      .split('/')
      .filter((part) => part !== '')
      .at(-1) ?? ''
  ).replace(/\.(onnx|tgz|tar|tar\.gz)$/i, '');
  if (/^[^\\/\p{Cc}]+$/u.test(name) && !name.startsWith('.')) return name;
  throw refuse(text, 'a path whose last part can name a model');
}

function parseHttp(text: string): HttpLocation {
  const expected = 'https://HOST/NAME.onnx, or an archive NAME.tar, NAME.tar.gz or NAME.tgz, perhaps with #sha256=HEX';
  if (!URL.canParse(text)) throw refuse(text, expected);
  const url = new URL(text);
  const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1]?.toLowerCase();
  const path = decodeUri(url.pathname, text);
  if (!/\.(onnx|tar|tgz|tar\.gz)$/i.test(path) || (url.hash !== '' && sha256 === undefined))
    throw refuse(text, expected);
  url.hash = '';
  const shown = `${url.origin}${url.pathname}`;
  return { kind: 'http', url, name: nameOf(path, text), shown, ...(sha256 === undefined ? {} : { sha256 }) };
}

function decodeUri(path: string, text: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw refuse(text, 'a path whose % are followed by two hexadecimal digits');
  }
}

function parseS3(text: string, rest: string): S3Location {
  const [, bucket, key = ''] = /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(rest) ?? [];
  if (bucket === undefined) throw refuse(text, 's3://BUCKET/KEY, the bucket in lower case');
  return { kind: 's3', bucket, key, name: nameOf(key === '' ? bucket : key, text), shown: text };
}

function parseHub(text: string, rest: string): HubLocation {
  const match = /^([\w.-]+\/[\w.-]+)(?:@([^/@]+))?(?:\/(.*))?$/.exec(rest);
  const repository = match?.[1];
  if (repository === undefined) throw refuse(text, 'hf://OWNER/NAME, perhaps with @REVISION and /PATH behind it');
  const path = (match?.[3] ?? '').replace(/\/+$/, '');
  const revision = match?.[2] === undefined ? 'main' : decodeUri(match[2], text);
  return { kind: 'hf', repository, revision, path, name: nameOf(repository, text), shown: text };
}

function parseOci(text: string, rest: string, isAskedPlain: boolean): OciLocation {
  const match =
    /^([^/@]+)\/([a-z0-9._/-]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/.exec(rest);
  const [, registry, repository, tag, digest] = match ?? [];
  if (registry === undefined || repository === undefined)
    throw refuse(text, 'oci://REGISTRY/NAME:TAG or oci://REGISTRY/NAME@sha256:HEX');
  const isPlain = isAskedPlain || /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(registry);
  const reference = digest ?? tag ?? 'latest';
  return { kind: 'oci', registry, repository, reference, isPlain, name: nameOf(repository, text), shown: text };
}
