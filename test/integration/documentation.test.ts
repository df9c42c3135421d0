import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { defineServing } from '../../src/server/settings/definition.js';
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

  it('show the answer that the first command of the README gets', async (context) => {
    const { url } = await serveFor(context, { folder: 'models' });
    const readme = await readFile('README.md', 'utf8');
    const [, shown = ''] = /```json\n(.*), \.\.\.\n```/.exec(readme) ?? [];
    const image = await readFile('models/digits/samples/7.png');
    const answer = await (await fetch(`${url}/predictions/digits`, { method: 'POST', body: image })).text();
    const fields = (text: string) => text.replaceAll(/\d+\.\d+/g, (number) => Number(number).toFixed(5));
    assert.notEqual(shown, '');
    assert.equal(fields(answer).slice(0, fields(shown).length), fields(shown));
  });

  it('name every flag, of the commands that serve nothing too, and every exit code', async () => {
    const text = await readFile('docs/operations.md', 'utf8');
    const commands = defineServing().commands.flatMap(({ options }) => options.flatMap(({ names }) => names));
    assert.deepEqual(new Set(commands), new Set(['--json', '--force']));
    const all = [...Object.keys(flags).map((name) => `--${dashed(name)}`), ...commands];
    assert.deepEqual(
      all.filter((flag) => !text.includes(`\`${flag}\``)),
      [],
    );
    const [, section = ''] = (await readFile('docs/models.md', 'utf8')).split('## Inspecting models');
    for (const { path } of defineServing().commands) assert.ok(section.includes(path.replace('slipway ', '')), path);
    for (const code of new Set(Object.values(exitCodeOf))) assert.match(text, new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});
