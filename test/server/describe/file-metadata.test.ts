import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelMetadata } from '../../../src/protocol/types.js';
import { showFileMetadata } from '../../../src/server/describe/file-metadata.js';
import { identity } from '../../support/models.js';
import { serveFor } from '../../support/server.js';

describe("a file's own metadata", () => {
  it('stands apart from the facts of the server, which it cannot overwrite', async (context) => {
    const names = JSON.stringify(Array.from({ length: 1000 }, (_, index) => `class ${index}`));
    const metadata = { device: 'cuda:0', version: '8.2.46', max_batch_size: '999', ['__proto__']: 'kept', names };
    const graph = { ...identity('FP32', [1]), metadata };
    const { url } = await serveFor(context, { models: [{ name: 'yolo', graph }] });
    const ask = async (query: string) => (await (await fetch(`${url}/v2/models/yolo${query}`)).json()) as ModelMetadata;

    const short = await ask('');
    assert.equal(short.properties?.['device'], 'cpu');
    assert.equal(short.properties['version'], '1');
    assert.equal(short.properties['max_batch_size'], '0');
    assert.equal(short.properties['names'], undefined);
    assert.equal(short.metadata?.['device'], 'cuda:0');
    assert.equal(short.metadata['version'], '8.2.46');
    assert.equal(Object.getOwnPropertyDescriptor(short.metadata, '__proto__')?.value, 'kept');
    assert.match(
      short.metadata['names'] ?? '',
      /^\["class 0".{1000,1020}… \(\d+ characters in all; .*\?metadata=whole/,
    );

    const whole = await ask('?metadata=whole');
    assert.equal(whole.metadata?.['names'], names);
    assert.deepEqual(whole.properties, short.properties);
    assert.match(JSON.stringify(await ask('?metadata=all')), /'metadata' is .*all.*: expected whole/);
  });

  it('is bounded in an answer, however many entries there are, and says how many', () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`key ${index}`, 'v'.repeat(2000)]));
    const text = JSON.stringify(showFileMetadata(many));
    assert.ok(text.length < 40_000, `${text.length} characters`);
    assert.match(text, /50000 entries in all/);
  });

  it('is shown as it is where it is short', () => {
    assert.deepEqual(showFileMetadata({ a: '', b: 'x'.repeat(1024) }), { a: '', b: 'x'.repeat(1024) });
  });
});
