import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { writeOnnx } from '../../src/model/onnx/writer.js';
import { parseLocation } from '../../src/store/location.js';
import { pull } from '../../src/store/pull.js';
import { push } from '../../src/store/push.js';
import { temporaryFolder } from '../support/folder.js';
import { putModel, sumAndDifference } from '../support/models.js';
import { events, hexOf, sendFile, standIn, worldWith, type Seen } from './stand-in.js';

const bytes = Buffer.from(writeOnnx(sumAndDifference));
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

/** Signature Version 4 by its definition: what a request must carry as its signature. */
function signatureOf({ method, url, headers }: Seen): string {
  const [, date = '', region = '', signed = ''] =
    /Credential=AKID\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ??
    [];
  const { pathname, searchParams } = new URL(url, 'http://x');
  const query = [...searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const lines = signed
    .split(';')
    .map((name) => `${name}:${String(headers[name]).trim()}\n`)
    .join('');
  const canonical = [method, pathname, query, lines, signed, String(headers['x-amz-content-sha256'])].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', String(headers['x-amz-date']), scope, hexOf(canonical)].join('\n');
  const key = [date, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (from, part) => createHmac('sha256', from).update(part).digest(),
    `AWS4${secret}`,
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

/** A bucket that checks every signature, lists two objects a page, and keeps what it is given. */
async function bucket(
  context: TestContext,
  objects: Map<string, { bytes: Buffer; headers?: Record<string, string>; etag?: string }>,
) {
  const server = await standIn(context, (one, response) => {
    const signature = /Signature=([0-9a-f]{64})$/.exec(one.headers.authorization ?? '')?.[1];
    if (signature !== signatureOf(one))
      return void response.writeHead(403).end('<Error><Message>SignatureDoesNotMatch</Message></Error>');
    const url = new URL(one.url, 'http://x');
    const key = decodeURIComponent(url.pathname.replace('/models-bucket/', ''));
    const etagOf = (name: string) => objects.get(name)?.etag ?? `"${hexOf(objects.get(name)?.bytes ?? '', 'md5')}"`;
    if (one.method === 'PUT') {
      const sha256 = String(one.headers['x-amz-meta-sha256']);
      assert.equal(hexOf(one.body), sha256);
      objects.set(key, { bytes: one.body, headers: { 'x-amz-meta-sha256': sha256 } });
      return void response.writeHead(200).end();
    }
    if (key === '') {
      const keys = [...objects.keys()].filter((name) => name.startsWith(url.searchParams.get('prefix') ?? '')).sort();
      const from = Number(url.searchParams.get('continuation-token') ?? 0);
      const page = keys.slice(from, from + 2);
      const entries = page.map(
        (name) =>
          `<Contents><Key>${encodeURIComponent(name)}</Key><Size>${objects.get(name)?.bytes.length ?? 0}</Size><ETag>${etagOf(name).replaceAll('"', '&quot;')}</ETag></Contents>`,
      );
      const isMore = from + 2 < keys.length;
      return void response.end(
        `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${isMore}</IsTruncated>${isMore ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : ''}${entries.join('')}</ListBucketResult>`,
      );
    }
    const object = objects.get(key);
    if (object === undefined) return void response.writeHead(404).end('<Error><Message>NoSuchKey</Message></Error>');
    if (one.headers['if-match'] !== undefined && one.headers['if-match'] !== etagOf(key))
      return void response.writeHead(412).end();
    for (const [name, value] of Object.entries(object.headers ?? {})) response.setHeader(name, value);
    sendFile(one, response, { bytes: object.bytes, etag: etagOf(key) });
  });
  const env = {
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_REGION: 'eu-x-1',
    AWS_ENDPOINT_URL_S3: server.url,
  };
  const { world } = worldWith({ env });
  const pulled = (key: string, cache = temporaryFolder('s3-')) =>
    pull({ location: parseLocation(`s3://models-bucket/${key}`), cache, world, events: events() });
  return { ...server, env, world, pulled };
}

describe('models in a bucket', () => {
  it('come with all that lies below their key, page after page, and no neighbour', async (context) => {
    const objects = new Map(
      [
        'team/digits/1/model.onnx',
        'team/digits/model.json',
        "team/digits/labels (ä+b)'~.txt",
        'team/digits/',
        'team/digits-old/1/model.onnx',
        'team/x',
      ].map((key) => [key, { bytes: Buffer.from(key) }]),
    );
    const { pulled } = await bucket(context, objects);
    for (const key of ['team/digits', 'team/digits/']) {
      const { files, path } = await pulled(key);
      assert.deepEqual(
        files.map((file) => [file.path, file.verified]),
        [
          ['digits/1/model.onnx', 'md5'],
          ["digits/labels (ä+b)'~.txt", 'md5'],
          ['digits/model.json', 'md5'],
        ],
      );
      assert.equal(await readFile(join(path, '1/model.onnx'), 'utf8'), 'team/digits/1/model.onnx');
    }
    await assert.rejects(pulled('team/dig'), /holds no object/);
    await assert.rejects(pulled('team/x'), /not a model/);
  });

  it('are checked by the SHA-256 of whoever put them, else by what the tag says, unless it is of parts or under a key', async (context) => {
    const checksum = Buffer.from(hexOf(bytes), 'hex').toString('base64');
    const cases: readonly [Record<string, string>, string | undefined, string | undefined][] = [
      [{ 'x-amz-meta-sha256': hexOf(bytes) }, undefined, 'sha256'],
      [{ 'x-amz-checksum-sha256': checksum }, '"0123456789abcdef0123456789abcdef-2"', 'sha256'],
      [{}, '"0123456789abcdef0123456789abcdef-2"', undefined],
      [{ 'x-amz-server-side-encryption': 'aws:kms' }, '"0123456789abcdef0123456789abcdef"', undefined],
      [{}, undefined, 'md5'],
    ];
    for (const [headers, etag, verified] of cases) {
      const { pulled } = await bucket(
        context,
        new Map([['net.onnx', { bytes, headers, ...(etag === undefined ? {} : { etag }) }]]),
      );
      assert.equal((await pulled('net.onnx')).files[0]?.verified, verified);
    }
    for (const [headers, etag] of [
      [{ 'x-amz-meta-sha256': hexOf('other') }, undefined],
      [{}, `"${hexOf('other', 'md5')}"`],
    ] as const) {
      const { pulled } = await bucket(
        context,
        new Map([['net.onnx', { bytes, headers, ...(etag === undefined ? {} : { etag }) }]]),
      );
      await assert.rejects(pulled('net.onnx'), /expected [0-9a-f]+: it was thrown away/);
    }
  });

  it('go there with their SHA-256, and a changed object is another state', async (context) => {
    const objects = new Map<string, { bytes: Buffer }>();
    const { world, pulled } = await bucket(context, objects);
    const folder = temporaryFolder('push-');
    await putModel(folder, { name: 'digits', graph: sumAndDifference });
    const location = parseLocation('s3://models-bucket/all/');
    const { files } = await push(folder, { location, form: 'modelpack', world, events: events() });
    const cache = temporaryFolder('s3-');
    const first = await pulled('all/', cache);
    assert.deepEqual(
      first.files.map(({ path, sha256, verified }) => [path, sha256, verified]),
      files.map(({ path, sha256 }) => [`all/${path}`, sha256, 'sha256']),
    );
    assert.equal((await pulled('all/', cache)).wasHere, true);
    objects.set(`all/${files[0]?.path ?? ''}`, { bytes: Buffer.from('new') });
    const second = await pulled('all/', cache);
    assert.deepEqual([second.wasHere, second.path === first.path], [false, false]);
  });

  it('are asked for with the profile that is named, or as nobody, and a refusal says as whom', async (context) => {
    const { env, seen } = await bucket(context, new Map([['net.onnx', { bytes }]]));
    const files = {
      '/home/me/.aws/credentials': `[default]\naws_access_key_id = no\naws_secret_access_key = no\n[team]\naws_access_key_id=AKID\naws_secret_access_key = ${secret}\n`,
      '/home/me/.aws/config': `[profile team]\nregion = eu-y-2\nendpoint_url = ${env.AWS_ENDPOINT_URL_S3}\n`,
    };
    const pullAs = (given: Record<string, string>) =>
      pull({
        location: parseLocation('s3://models-bucket/net.onnx'),
        cache: temporaryFolder('s3-'),
        world: worldWith({ env: given, files }).world,
        events: events(),
      });
    await pullAs({ AWS_PROFILE: 'team' });
    assert.match(seen.at(-1)?.headers.authorization ?? '', /\/eu-y-2\/s3\//);
    const endpoint = { AWS_ENDPOINT_URL: env.AWS_ENDPOINT_URL_S3 };
    await assert.rejects(pullAs(endpoint), /SignatureDoesNotMatch.*the profile default/s);
    await assert.rejects(pullAs({ ...endpoint, AWS_PROFILE: 'absent' }), /403.*as nobody/);
    await assert.rejects(pullAs({ ...endpoint, AWS_ACCESS_KEY_ID: 'AKID' }), /go together/);
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3']) {
      for (const value of ['127.0.0.1:9000', 'localhost:9000', 'http://', 'ftp://x', '/'])
        await assert.rejects(pullAs({ [name]: value }), {
          code: 'USAGE',
          message: `${name} is not an address: expected one such as http://127.0.0.1:9000.`,
        });
    }
    await assert.rejects(
      pullAs({ AWS_PROFILE: 'absent', AWS_CONTAINER_CREDENTIALS_FULL_URI: 'role' }),
      /^AppError: 'role' does not answer: /,
    );
  });

  it('send no session token on to another address', async (context) => {
    const other = await standIn(context, (_, response) => response.writeHead(404).end());
    const sends = await standIn(context, (_, response) => {
      response.writeHead(307, { location: `${other.url}/elsewhere` }).end();
    });
    const pullWith = (given: Readonly<Record<string, string>>) => {
      const { world } = worldWith({ env: { AWS_ENDPOINT_URL_S3: sends.url, ...given } });
      const location = parseLocation('s3://models-bucket/net.onnx');
      return pull({ location, cache: temporaryFolder('s3-'), world, events: events() });
    };
    const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'no', AWS_SESSION_TOKEN: 'session' };
    await assert.rejects(pullWith(keys), { code: 'REQUEST_FAILED', message: /was answered with 307/ });
    assert.equal(sends.seen.at(-1)?.headers['x-amz-security-token'], 'session');
    assert.deepEqual(other.seen, []);
    await assert.rejects(pullWith({}), { code: 'NOT_FOUND' });
    assert.deepEqual(
      other.seen.map(({ url }) => url),
      ['/elsewhere'],
    );
  });

  it('are asked for with the role of a container, at the address and with the token that it is given', async (context) => {
    const { env, seen } = await bucket(context, new Map([['net.onnx', { bytes }]]));
    const role = await standIn(context, (one, response) => {
      if (one.headers.authorization !== 'the token') return void response.writeHead(401).end();
      response.end(JSON.stringify({ AccessKeyId: 'AKID', SecretAccessKey: secret, Token: 'session' }));
    });
    const { world } = worldWith({
      env: {
        AWS_ENDPOINT_URL: env.AWS_ENDPOINT_URL_S3,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: role.url,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token',
      },
      files: { '/token': 'the token\n' },
    });
    await pull({
      location: parseLocation('s3://models-bucket/net.onnx'),
      cache: temporaryFolder('s3-'),
      world,
      events: events(),
    });
    assert.equal(seen.at(-1)?.headers['x-amz-security-token'], 'session');
  });
});
