import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { flags, dashed } from '../../src/server/settings/flag-table.js';
import { exitCodeOf } from '../../src/server/exit-codes.js';
import { serveFor } from '../support/server.js';

const run = promisify(execFile);
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);

/** The commands of a page's shell blocks that begin with a word. */
async function commandsOf(page: string, word: string): Promise<readonly string[]> {
  const text = await readFile(page, 'utf8');
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith(`${word} `));
}

describe('the pages for users', () => {
  it('show curl commands that work', { skip: hasCurl ? false : 'curl is not installed' }, async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const pages = await Promise.all(['README.md', 'docs/http-api.md'].map((page) => commandsOf(page, 'curl')));
    const commands = pages.flat();
    assert.ok(commands.length >= 5);
    for (const command of commands) {
      const { stdout } = await run('bash', [
        '-c',
        command.replace('curl ', 'curl -sS --fail ').replaceAll('http://127.0.0.1:8000', url),
      ]);
      assert.match(stdout, /^\{"model_name":"(digits|digit-boxes|anomaly)"/, command);
    }
  });

  it('name every flag and every exit code', async () => {
    const text = await readFile('docs/operations.md', 'utf8');
    const missing = Object.keys(flags).filter((name) => !text.includes(`\`--${dashed(name)}\``));
    assert.deepEqual(missing, []);
    for (const code of new Set(Object.values(exitCodeOf))) assert.match(text, new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});
