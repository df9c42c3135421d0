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

  it('is read to its end on an event loop with much else to do', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const reading = parseMultipart(form([disposition, 'x'.repeat(3_000_000)]), type);
    test.mock.timers.tick(60_000);
    assert.deepEqual(
      (await reading).files.map(({ length }) => length),
      [3_000_000],
    );
  });

  const line = (count: number): Buffer => Buffer.from(`${'--b\r\n'.repeat(count)}--b--\r\n`);
  const field = ['Content-Disposition: form-data; name="top"', '1'] as const;
  const refused: readonly (readonly [title: string, body: Buffer, says: RegExp])[] = [
    ['parts', line(200_000), /more than 1088 parts/],
    ['files', form(...Array.from({ length: 20_000 }, () => [disposition, ''] as const)), /more than 1024 files/],
    ['fields', form(...Array.from({ length: 65 }, () => field)), /more than 64 fields/],
  ];
  for (const [title, body, says] of refused)
    it(`of too many ${title} is refused before the rest is read`, async () => {
      const before = process.memoryUsage().heapUsed;
      await assert.rejects(parseMultipart(body, type), { code: 'INVALID_INPUT', message: says });
      assert.ok(process.memoryUsage().heapUsed - before < 16 << 20);
    });

  it('may have as many files and fields as are allowed', async () => {
    const { files, fields } = await parseMultipart(
      form(
        ...Array.from({ length: 1024 }, () => [disposition, 'a'] as const),
        ...Array.from({ length: 64 }, () => field),
      ),
      type,
    );
    assert.equal(files.length, 1024);
    assert.deepEqual(fields[63], ['top', '1']);
  });

  it('is refused where a field has no name, which may stand behind more parameters than are read', async () => {
    for (const header of [
      'Content-Disposition: form-data; a=b',
      `Content-Disposition: form-data${'; a="b"'.repeat(20_000)}; name="top"`,
    ])
      await assert.rejects(parseMultipart(form([header, '1']), type), {
        code: 'INVALID_INPUT',
        message: /a field has no name/,
      });
  });

  it('lets the event loop turn while a large one is read', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const data = '\r\n--'.repeat(1 << 20);
    const { files } = await parseMultipart(form([disposition, data]), type).finally(() => clearImmediate(immediate));
    assert.equal(files[0]?.length, data.length);
    assert.ok(turns >= 15, String(turns));
  });
});
