import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { placeCaptions } from '../../src/image/drawing/place-captions.js';
import { findAsset } from '../../src/playground/index.js';

const load = async (name: string): Promise<unknown> => import(pathToFileURL(`src/playground/web/${name}`).href);
const { curlLine, quote } = (await load('curl.js')) as {
  readonly curlLine: (request: object) => { readonly line: string; readonly reads: string | null };
  readonly quote: (word: string) => string;
};
const { parseAnswer } = (await load('api.js')) as { readonly parseAnswer: (text: string) => unknown };
const { exampleValues, parseShape, requestJson, tensorPath } = (await load('input/example.js')) as {
  readonly tensorPath: (model: object) => string;
  readonly exampleValues: (datatype: string, elements: number) => unknown[];
  readonly parseShape: (text: string, declared: readonly number[]) => number[];
  readonly requestJson: (inputs: readonly object[]) => string;
};

const { percent } = (await load('dom.js')) as { readonly percent: (share: number | null) => string };

describe('a share on the page', () => {
  it('is in percent, never rounded to a certainty, and no number where the model gave none', () => {
    const shares = [1, 0.9999, 0.5, 0.0004, 0.00001, 0, null, NaN, Infinity];
    const expected = [
      '100.0 %',
      '> 99.9 %',
      '50.0 %',
      '0.04 %',
      '< 0.01 %',
      '0 %',
      ...Array<string>(3).fill('not a number'),
    ];
    assert.deepEqual(shares.map(percent), expected);
  });
});

describe('the curl line of the page', () => {
  it('survives a shell whatever the words hold', () => {
    const words = ['plain.png', "it's a file.png", '$(touch x) `y` "z"', 'a\\b', '', 'new\nline'];
    for (const word of words) {
      assert.equal(execFileSync('sh', ['-c', `printf %s ${quote(word)}`]).toString(), word);
    }
  });

  it('posts an image as a file and a request in the line, or from a file where it is long', () => {
    const url = 'http://127.0.0.1:8000/predictions/digits';
    assert.equal(curlLine({ url, files: ['7.png'], withKey: false }).line, `curl --data-binary @7.png ${url}`);
    const several = curlLine({ url, files: ['7.png', 'a b.png'], withKey: false });
    assert.equal(several.line, `for image in 7.png 'a b.png'; do curl --data-binary "@$image" ${url}; done`);
    assert.equal(several.reads, null);
    assert.equal(curlLine({ url, json: '{"a":1}', withKey: false }).line, `curl ${url} -d '{"a":1}'`);
    assert.equal(curlLine({ url, json: 'x'.repeat(7000), withKey: false }).reads, 'request.json');
  });

  it('names the key without showing it', () => {
    const { line } = curlLine({ url: 'http://h/', files: ['a.png'], withKey: true });
    assert.match(line, /-H "Authorization: Bearer \$SLIPWAY_KEY"/);
  });
});

describe('the label of a box', () => {
  it('stands where captions of frames stand: the page loads the same code, without its types', async () => {
    const asset = await findAsset('/playground/result/place-captions.js');
    const text = asset?.body.toString() ?? '';
    const served = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as {
      readonly placeCaptions: typeof placeCaptions;
    };
    const box = { left: 100.5, top: 40.25, width: 60, height: 20 };
    const captions = [box, box, box, box].map((each) => ({ box: each, size: { width: 60, height: 16 } }));
    const places = served.placeCaptions(captions, { room: { width: 400.3, height: 300.7 }, taken: [] });
    assert.deepEqual(
      places.map((place) => place?.top),
      [24, 40, 60, undefined],
    );
    assert.deepEqual(places, placeCaptions(captions, { room: { width: 400.3, height: 300.7 }, taken: [] }));
    assert.doesNotMatch(text, /sourceMappingURL|\binterface\b/);
  });
});

describe('an example request', () => {
  it('holds values that the datatype allows', () => {
    assert.deepEqual(exampleValues('BOOL', 3), [true, false, true]);
    assert.deepEqual(exampleValues('INT8', 12).slice(8), [8, 9, 0, 1]);
    assert.deepEqual(exampleValues('BYTES', 2), ['text 1', 'text 2']);
    assert.ok(exampleValues('FP32', 64).every((value) => typeof value === 'number' && Math.abs(value) <= 1));
  });

  it('keeps the digits of a number as typed, so that an INT64 stays exact', () => {
    const input = { name: 'A', datatype: 'INT64', shape: [1, 2], text: '[\n 9007199254740993,\n -1 ]' };
    assert.match(requestJson([input]), /"shape":\[1,2\],"data":\[ 9007199254740993, -1 \]/);
  });

  it('goes where its datatypes have a JSON form', () => {
    const of = (input: string, output: string) =>
      tensorPath({ name: 'a b', inputs: [{ datatype: input }], outputs: [{ datatype: output }] });
    assert.equal(of('FP32', 'INT64'), 'v2/models/a%20b/infer');
    for (const [input, output] of [
      ['FP16', 'FP32'],
      ['FP32', 'BF16'],
    ] as const)
      assert.equal(of(input, output), 'predictions/a%20b?outputs=true');
  });

  it('is answered with every digit of an integer, where the engine shows them', () => {
    const [probe] = parseAnswer('[9007199254740993]') as [unknown];
    const isShown = Number.parseInt(process.versions.node) >= 22;
    assert.equal(String(probe), isShown ? '9007199254740993' : '9007199254740992');
    assert.deepEqual(parseAnswer('{"a":[1e300,-0.0,1,"9007199254740993"]}'), { a: [1e300, -0, 1, '9007199254740993'] });
  });

  it('fills what was left empty', () => {
    const text = requestJson([{ name: 'A', datatype: 'INT32', shape: [1, 3], text: ' ' }]);
    assert.deepEqual(JSON.parse(text), { inputs: [{ name: 'A', datatype: 'INT32', shape: [1, 3], data: [0, 1, 2] }] });
  });

  it('leaves out an optional input without values', () => {
    const given = { name: 'A', datatype: 'INT32', shape: [1], text: '[7]' };
    const optional = { name: 'W', datatype: 'INT32', shape: [1], optional: true };
    assert.deepEqual(JSON.parse(requestJson([given, { ...optional, text: ' ' }])), JSON.parse(requestJson([given])));
    assert.match(requestJson([given, { ...optional, text: '[8]' }]), /"name":"W".*\[8\]/);
  });

  it('lets NaN and Infinity pass and says what is not JSON', () => {
    const input = { name: 'A', datatype: 'FP32', shape: [3] };
    assert.match(requestJson([{ ...input, text: '[NaN, -Infinity, 1]' }]), /\[NaN, -Infinity, 1\]/);
    assert.throws(() => requestJson([{ ...input, text: '[1, 2' }]), /The values of A are not JSON/);
  });

  it('reads a shape with or without brackets and refuses what is none', () => {
    assert.deepEqual(parseShape('[1, 64]', [-1, 64]), [1, 64]);
    assert.deepEqual(parseShape('2,3', [-1, 3]), [2, 3]);
    assert.deepEqual(parseShape('', []), []);
    assert.throws(() => parseShape('1, x', [-1, 64]), /expected whole numbers with commas between them, such as 1, 64/);
  });
});
