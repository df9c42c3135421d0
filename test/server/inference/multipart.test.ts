import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMultipart } from '../../../src/server/inference/multipart.js';

const type = 'multipart/form-data; boundary=b';
const disposition = 'Content-Disposition: form-data; name="image"; filename="x"';
const form = (...parts: readonly (readonly [header: string, data: string])[]) =>
  Buffer.from(`${parts.map(([header, data]) => `--b\r\n${header}\r\n\r\n${data}\r\n`).join('')}--b--\r\n`);

describe('a form', () => {
  for (const header of ['Content-Type: image/png', 'Content-Disposition: attachment', 'X: y'])
    it(`ends where a part of any size has no valid disposition (${header}), and passes it over`, async () => {
      for (const size of [0, 1000, 16_384, 16_500, 70_000, 3_000_000]) {
        const { files, fields } = await parseMultipart(
          form([header, 'x'.repeat(size)], [disposition, 'data'], [header, 'y'.repeat(size)]),
          type,
        );
        assert.deepEqual(files.map(String), ['data'], String(size));
        assert.deepEqual(fields, []);
      }
    });

  it('keeps files of any size whole, in their order', async () => {
    const datas = [0, 1, 16_384, 70_000, 1_000_000].map((size) => 'z'.repeat(size));
    const { files } = await parseMultipart(form(...datas.map((data) => [disposition, data] as const)), type);
    assert.deepEqual(
      files.map(({ length }) => length),
      datas.map(({ length }) => length),
    );
  });

  it('is refused where it is cut, within a part that nobody reads too', async () => {
    for (const header of [disposition, 'X: y']) {
      const whole = form([header, 'x'.repeat(70_000)]);
      for (const length of [whole.length - 6, 40_000, 30])
        await assert.rejects(parseMultipart(whole.subarray(0, length), type), { code: 'INVALID_INPUT' });
    }
  });
});
