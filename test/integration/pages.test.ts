import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dashed, flags } from '../../src/server/settings/flag-table.js';

async function readSources(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.c?[jt]s$/.test(name));
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
}

/** The first cells of a page's tables, in which a text stands in backticks. */
function quoted(page: string): readonly string[] {
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, text = '']) => text);
}

describe('the pages about errors and other servers', () => {
  it('quote errors that the source has, each piece of a text in one file', async () => {
    const sources = [...(await readSources('src')), ...(await readSources('bin'))];
    const texts = quoted(await readFile('docs/troubleshooting.md', 'utf8'));
    assert.ok(texts.length >= 20);
    // A text that goes on over lines of the source is joined there by `' +`, and `...` stands for a value.
    const joined = sources.map((text) => text.replace(/['`"] \+\n\s*['`"]/g, '').replaceAll("\\'", "'"));
    const missing = texts.filter((text) => {
      const pieces = text.split('...').map((piece) => piece.trim().replace(/^,\s*/, ''));
      return !joined.some((source) => pieces.every((piece) => source.includes(piece)));
    });
    assert.deepEqual(missing, []);
  });

  it('name flags that the server has', async () => {
    const known = new Set([
      '--help',
      '--config-schema',
      '--ca',
      '--variant',
      '--model',
      ...Object.keys(flags).map((name) => `--${dashed(name)}`),
    ]);
    for (const page of ['troubleshooting', 'migrating', 'python']) {
      const text = await readFile(`docs/${page}.md`, 'utf8');
      // What stands first in a row of migrating.md is the other server's.
      const own = page === 'migrating' ? text.replace(/^\| [^|]* \|/gm, '') : text;
      const named = [...own.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);
      const strange = named.filter((flag) => !known.has(flag) && !['--data-binary', '--models'].includes(flag));
      assert.deepEqual(strange, [], page);
    }
  });

  it('name keys of model.json that there are', async () => {
    const schema = await readFile('docs/models.md', 'utf8');
    const text = await readFile('docs/migrating.md', 'utf8');
    const keys = [...text.matchAll(/`((?:batching|instances|classification)\.\w+)`/g)].map(([, key = '']) => key);
    assert.ok(keys.length >= 6);
    assert.deepEqual(
      keys.filter((key) => !schema.includes(key)),
      [],
    );
  });

  it('link to pages that are there', async () => {
    const broken: string[] = [];
    for (const name of (await readdir('docs')).filter((name) => name.endsWith('.md'))) {
      const text = await readFile(join('docs', name), 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:)([\w./-]+)(?:#[\w-]*)?\)/g)].map(([, link = '']) => link);
      broken.push(...links.filter((link) => !existsSync(join('docs', link))).map((link) => `${name}: ${link}`));
    }
    assert.deepEqual(broken, []);
  });
});
