import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { flatten } from '../../src/command-line/definition.js';
import { exitCodes as launchCodes } from '../../src/launch/exit-codes.js';
import { readPrograms, writePages } from '../../src/manual/pages.js';
import { manPage } from '../../src/manual/page.js';
import { runProgram } from '../../src/launch/program.js';
import { createConsole } from '../../src/launch/text/console.js';
import { lendThisProcess } from '../../src/launch/this-process.js';
import { exitCodeOf } from '../../src/server/exit-codes.js';
import { dashed, flags, variableOf } from '../../src/server/settings/flag-table.js';
import { exitCodes as toolCodes } from '../../src/tool/exit-codes.js';
import { runTool } from '../../src/tool/program.js';
import { lendThisProcess as lendToTool } from '../../src/tool/this-process.js';

const pages = writePages({ version: '1.2.3', date: '2026-01-31' });

/** A page's text without its macros, as far as words are looked for in it. */
function plain(name: string): string {
  return (pages[`${name}.1`] ?? '')
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'");
}

/** The part of a page that is about one command. */
function sectionOf(name: string, command: string): string {
  const [, section = ''] = plain(name).split(`.SS "${command}"\n`);
  return section.split(/^\.S[SH] /m)[0] ?? '';
}

/** What a command says for --help. */
async function helpOf(path: string): Promise<string> {
  const [program = '', ...words] = path.split(' ');
  let text = '';
  const streams = { stdout: { write: (part: string) => (text += part) }, stderr: { write: () => undefined } };
  if (program === 'launch')
    await runProgram(
      [...words, '--help'],
      lendThisProcess(() => undefined, streams),
    );
  else {
    const lent = lendToTool(new AbortController().signal);
    await runTool([...words, '--help'], { ...lent, console: createConsole(streams, {}) });
  }
  return text;
}

/** Flags that a command's own help names, those that it names in one line included. */
const flagsIn = (help: string): readonly string[] => {
  const lines = help.split('\n').flatMap((line) => /^(?: +-.*?(?= {2}|$)|Also.*|With --swarm.*)/.exec(line)?.[0] ?? []);
  return [...new Set([...lines.join(' ').matchAll(/--[a-z][a-z0-9-]+/g)].map(([flag]) => flag))];
};

describe('the manual pages', () => {
  it('have every flag of the server with its variable, its default and its name in a file of settings', () => {
    const text = plain('slipway');
    for (const name of Object.keys(flags) as (keyof typeof flags)[]) {
      const [, entry = ''] = text.split(`\n--${dashed(name)} `);
      const own = entry.split('\n.TP')[0] ?? '';
      assert.ok(own.includes(variableOf(name)), `--${dashed(name)} and ${variableOf(name)}`);
      if (name !== 'config' && name !== 'supervisor') assert.ok(own.includes(`"${dashed(name)}"`), `"${dashed(name)}"`);
    }
    assert.match(text, /\n--max-body-bytes <size>\nLargest request body\. Default: 64M\./);
    assert.match(text, /\n--supervisor \[yes\|no\]\n.*Default: yes\./);
  });

  it('have every flag that the help of a command names', async () => {
    let count = 0;
    for (const { program } of readPrograms()) {
      // What the server's own program reads is held to its table of flags above.
      const asked = flatten(program).filter(({ path }) => path !== program.path && !/^slipway in/.test(path));
      for (const { path } of asked) {
        const named = flagsIn(await helpOf(path)).filter((flag) => flag !== '--help');
        const section = sectionOf(program.path, path);
        for (const flag of named) assert.match(section, new RegExp(`${flag}(?![\\w-])`), `${path} ${flag}`);
        count += named.length;
      }
    }
    assert.ok(count > 300, `${count} flags`);
  });

  it('have every code with which the programs end, and what it means', () => {
    const codes = (table: Readonly<Record<string, number>>): readonly number[] => [0, ...Object.values(table)];
    for (const [name, all] of [
      ['slipway', [...codes(exitCodeOf), ...codes(toolCodes)]],
      ['launch', codes(launchCodes)],
    ] as const) {
      const [, exits = ''] = plain(name).split('.SH "EXIT STATUS"');
      for (const code of all) assert.match(exits, new RegExp(`\\.TP\\n${code}\\n\\w`), `${name} ${code}`);
    }
  });

  it('show examples whose flags and commands exist', () => {
    for (const { program, manual } of readPrograms()) {
      const known = new Map(flatten(program).map((command) => [command.path, command]));
      for (const [, example] of manual.examples) {
        for (const line of example.split(/ && |<\(|\)/).filter((part) => part.startsWith(program.path))) {
          const words = line.split(' -- ')[0]?.split(' ') ?? [];
          const depths = [3, 2, 1].map((count) => words.slice(0, count).join(' '));
          const command = known.get(depths.find((path) => known.has(path)) ?? '');
          const names = command?.options.flatMap((option) => option.names) ?? [];
          for (const flag of words.filter((word) => word.startsWith('-')))
            assert.ok(names.includes(flag), `${line}: ${flag}`);
        }
      }
    }
  });

  it('give every character as it is, whatever roff makes of it', () => {
    const { program, manual } = readPrograms()[0] ?? assert.fail();
    const strange = `.TH 'quoted' "double" back\\slash -- ~^\` and ü`;
    const page = manPage({
      program: { ...program, description: strange, options: [], commands: [], operands: [] },
      manual: { ...manual, description: [strange], examples: [[strange, strange]] },
      version: '1',
      date: '2026-01-31',
    });
    assert.equal(
      page.split('\\&.TH \\(aqquoted\\(aq "double" back\\eslash \\-\\- \\(ti\\(ha\\(ga and \\[u00FC]').length,
      4,
    );
  });

  for (const [program, args] of [
    ['groff', ['-k', '-Tutf8', '-man', '-ww', '-z']],
    ['mandoc', ['-Tlint', '-Wwarning']],
  ] as const) {
    const isThere = spawnSync(program, ['--version']).error === undefined;
    const skip = isThere ? false : `needs the program ${program}`;
    it(`are read by ${program} without a warning`, { skip }, () => {
      for (const [name, text] of Object.entries(pages)) {
        const { stdout, stderr, status } = spawnSync(program, [...args], { input: text, encoding: 'utf8' });
        assert.deepEqual([stderr + stdout, status], ['', 0], name);
      }
    });
  }
});
