import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseModelJson } from '../../src/model/parse-config.js';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
}

const published = readFileSync('docs/model.schema.json', 'utf8');
const schema = JSON.parse(published) as Schema;
const isValid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema as object);

const isParsed = (value: unknown): boolean => {
  try {
    parseModelJson(JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
};

/** Paths of all keys; those that hold objects first. */
const pathsOf = ({ properties = {} }: Schema, path: readonly string[] = []): readonly (readonly string[])[] =>
  Object.entries(properties).flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);

const at = (path: readonly string[]): Schema =>
  path.reduce<Schema>((inner, key) => inner.properties?.[key] ?? {}, schema);

/** Objects around a value; what their other keys must be stands beside it. */
function wrap(path: readonly string[], value: unknown): Record<string, unknown> {
  const needed: Readonly<Record<string, object>> = {
    detection: { form: 'ssd' },
    sequences: { state: [{ input: 'h', output: 'hn' }] },
    'image.crop': { width: 8, height: 8 },
  };
  return [...path.entries()].reverse().reduce<unknown>((inner, [depth, key]) => {
    const own = needed[path.slice(0, depth).join('.')] ?? {};
    return { ...own, [key]: inner };
  }, value) as Record<string, unknown>;
}

const values: readonly unknown[] = [
  ...[null, true, false, '', 'auto', 'latest', 'all', 'cpu', 'none', 'softmax', 'NCHW', 'ssd', 'pillow', 'top-left'],
  ...['contain', 'down', 'stretch', 'area', 'rgb', 'scores', 'xyxy', 'pixels', 'first', 'best', 'class', 'mean'],
  ...[
    -1, -0.5, 0, 0.5, 1, 1.5, 2, 64, 65, 255, 256, 1024, 1025, 16384, 16385, 65536, 65537, 600000, 600001, 1e7, 1e12,
    1e300,
  ],
  ...[
    [],
    [0],
    [1],
    [-1],
    [256],
    ['a'],
    ['cuda', 'cpu'],
    ['coreml'],
    [1, 2],
    [0.1, 0.2],
    [0, 1],
    [1, 3, 5],
    [1, 0, 1],
    [1, 2, 3, 4],
  ],
  ...[[[1], [2, 3]], [[]], [null], {}, { unknown: 1 }, [{ input: 'h', output: 'hn' }], [{ input: 'h' }]],
];

describe('docs/model.schema.json', () => {
  it('is made from the rules of model.json and the words of docs/models.md', () => {
    const made = execFileSync(process.execPath, ['tools/model-schema.js', 'model'], { encoding: 'utf8' });
    assert.equal(published, made, 'node tools/model-schema.js model > docs/model.schema.json');
  });

  it('says of every value of every key what the server says of it', () => {
    const paths = pathsOf(schema);
    assert.ok(paths.length > 60);
    for (const path of paths) {
      const verdicts = values.map((value) => [isValid(wrap(path, value)), isParsed(wrap(path, value))]);
      for (const [n, [editor, server]] of verdicts.entries())
        assert.equal(
          editor,
          server,
          `${path.join('.')}: ${JSON.stringify(values[n])}: editor ${editor}, server ${server}`,
        );
      const isTold = verdicts.some(([editor]) => editor) && verdicts.some(([editor]) => !editor);
      assert.ok(isTold || at(path).properties !== undefined, path.join('.'));
    }
  });

  it('refuses an unknown key beside any that is known, as the server does', () => {
    const folders = ['', ...new Set(pathsOf(schema).map((path) => path.slice(0, -1).join('.')))];
    assert.ok(folders.length > 8);
    for (const folder of folders) {
      const path = [...(folder === '' ? [] : folder.split('.')), 'unknown'];
      assert.deepEqual([isValid(wrap(path, 1)), isParsed(wrap(path, 1))], [false, false], path.join('.'));
    }
  });

  it('explains every key that holds no object', () => {
    const dumb = pathsOf(schema).filter((path) => {
      const own = at(path);
      return own.properties === undefined && own.description === undefined;
    });
    assert.deepEqual(dumb, [['$schema']]);
  });

  it('takes every model.json of the repository and every example in the pages', async () => {
    const files = await listFiles(['models', 'examples', 'docs'], /(^|\/)model\.json$/);
    const pages = ['README.md', ...(await listFiles(['docs', 'models', 'examples'], /\.md$/))];
    const blocks = (await Promise.all(pages.map(examplesOf))).flat();
    assert.ok(files.length >= 3 && blocks.length >= 4, `${files.length} files, ${blocks.length} examples`);
    const found = await Promise.all(files.map(async (path) => ({ where: path, text: await readFile(path, 'utf8') })));
    for (const { where, text } of [...found, ...blocks]) {
      parseModelJson(text);
      assert.ok(isValid(JSON.parse(text)), `${where}: ${JSON.stringify(isValid.errors)}`);
    }
  });
});

async function listFiles(folders: readonly string[], pattern: RegExp): Promise<readonly string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => (await readdir(folder, { recursive: true })).map((name) => join(folder, name))),
  );
  return lists.flat().filter((path) => pattern.test(path) && !path.includes('node_modules'));
}

/** The JSON blocks of a page that a model.json could be: an object of blocks, and no answer or request. */
async function examplesOf(page: string): Promise<readonly { readonly where: string; readonly text: string }[]> {
  const text = await readFile(page, 'utf8');
  const tasks =
    /^\s*\{\s*"(\$schema|description|versions|batching|instances|image|classification|detection|segmentation|text|embedding|sequences|warmup|execution)":/;
  return [...text.matchAll(/```json\n([^]*?)```/g)].flatMap(([, block = '']) =>
    tasks.test(block) ? [{ where: page, text: block }] : [],
  );
}
