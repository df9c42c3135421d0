import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRemote, parseLocation } from '../../src/store/location.js';

describe('a place of models', () => {
  it('is told from a path', () => {
    for (const text of [
      'https://a/b.onnx',
      's3://bucket/x',
      'oci://r/n',
      'oci+http://r/n',
      'hf://o/n',
      'HTTPS://a/b.onnx',
    ])
      assert.equal(isRemote(text), true, text);
    for (const text of ['models', './https', '/s3://x', 'C:\\models', 'ftp://a/b.onnx', 'model.onnx'])
      assert.equal(isRemote(text), false, text);
  });

  it('is taken apart', () => {
    const parts = (text: string) => JSON.parse(JSON.stringify(parseLocation(text))) as Record<string, unknown>;
    const digest = `sha256:${'0a'.repeat(32)}`;
    const hex = 'AB'.repeat(32);
    assert.deepEqual(parts(`https://me:secret@host/a%20b/net.onnx?sig=1#sha256=${hex}`), {
      kind: 'http',
      url: 'https://me:secret@host/a%20b/net.onnx?sig=1',
      name: 'net',
      shown: 'https://host/a%20b/net.onnx',
      sha256: hex.toLowerCase(),
    });
    assert.deepEqual(parts('s3://my-bucket/team/digits/'), {
      kind: 's3',
      bucket: 'my-bucket',
      key: 'team/digits/',
      name: 'digits',
      shown: 's3://my-bucket/team/digits/',
    });
    assert.deepEqual(parts('s3://my.bucket'), {
      kind: 's3',
      bucket: 'my.bucket',
      key: '',
      name: 'my.bucket',
      shown: 's3://my.bucket',
    });
    const oci = (text: string) => {
      const { registry, repository, reference, isPlain, name } = parts(text);
      return [registry, repository, reference, isPlain, name];
    };
    assert.deepEqual(oci('oci://ghcr.io/team/net:1.0'), ['ghcr.io', 'team/net', '1.0', false, 'net']);
    assert.deepEqual(oci('oci://localhost:5000/net'), ['localhost:5000', 'net', 'latest', true, 'net']);
    assert.deepEqual(oci(`oci+http://registry:5000/a/b:v1@${digest}`), ['registry:5000', 'a/b', digest, true, 'b']);
    assert.equal(parts('oci://127.0.0.1.example.com/net')['isPlain'], false);
    const hub = (text: string) => {
      const { repository, revision, path, name } = parts(text);
      return [repository, revision, path, name];
    };
    assert.deepEqual(hub('hf://owner/name'), ['owner/name', 'main', '', 'name']);
    assert.deepEqual(hub('hf://owner/name@refs%2Fpr%2F1/onnx/model_fp16.onnx'), [
      'owner/name',
      'refs/pr/1',
      'onnx/model_fp16.onnx',
      'name',
    ]);
  });

  it('that cannot be one is refused without its password', () => {
    for (const text of [
      'https://me:secret@host/model.pt',
      'https://host/net.onnx#md5=1',
      's3://UPPER/x',
      'oci://host',
      'oci://host/Name',
      'hf://name',
      'https://h/%zz.onnx',
      'https://h/.onnx',
    ]) {
      assert.throws(
        () => parseLocation(text),
        (error: Error) => /expected/.test(error.message) && !/secret/.test(error.message),
        text,
      );
    }
  });
});
