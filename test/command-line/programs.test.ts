import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { wordOf, type CommandDefinition } from '../../src/command-line/definition.js';
import { meantCommand, nearCommand, otherLine } from '../../src/command-line/programs.js';
import { defineProgram as defineLaunch } from '../../src/launch/program.js';
import { defineServing } from '../../src/server/settings/definition.js';
import { buildTool } from '../../src/tool/program.js';
import { lendThisProcess } from '../../src/tool/this-process.js';

const { asking, looking } = createRequire(import.meta.url)('../../../bin/commands.cjs') as {
  readonly asking: readonly string[];
  readonly looking: readonly string[];
};

const wordsOf = ({ commands }: CommandDefinition): readonly string[] =>
  commands.flatMap((command) => [wordOf(command), ...command.aliases]);

describe('the commands of the two programs', () => {
  const tool = buildTool(lendThisProcess(new AbortController().signal), () => undefined);
  const launch = wordsOf(defineLaunch());

  it('are those by whose words the start chooses the program', () => {
    assert.deepEqual(
      tool.commands.map((command) => command.name()),
      asking,
    );
    assert.deepEqual(wordsOf(defineServing()), looking);
  });

  it('of slipway are known when one is misspelt', () => {
    for (const word of [...asking, ...looking]) {
      assert.equal(nearCommand(`${word}e`), word);
      assert.equal(nearCommand(word), undefined);
      assert.equal(meantCommand(['--port', '9', word]), `The command comes first: slipway ${word}`);
      assert.equal(meantCommand([word, '--port']), undefined);
    }
    for (const word of ['', 'x', '--predict', './predict', 'models.onnx', 'constructor'])
      assert.equal(nearCommand(word), undefined, word);
  });

  it('are named by the program to which another one was typed', () => {
    const own = [...asking, ...looking];
    const unknown = launch.filter((word) => !own.includes(word) && otherLine('slipway', [word]) === undefined);
    assert.deepEqual(unknown, []);
    const unheard = own.filter((word) => !launch.includes(word) && otherLine('launch', [word]) === undefined);
    assert.deepEqual(unheard, []);
    assert.deepEqual(
      [...own.filter((word) => otherLine('slipway', [word])), ...launch.filter((word) => otherLine('launch', [word]))],
      [],
    );
  });

  it('are what they are told to be typed as', () => {
    const [, line = ''] = otherLine('slipway', ['logs', '-f', 'web'])?.split('type: ') ?? [];
    assert.equal(line, 'launch logs -f web');
    for (const word of launch) {
      const [, program, command = ''] = / (launch|slipway) ?(\S*)$/.exec(otherLine('slipway', [word]) ?? '') ?? [];
      if (program === 'launch') assert.ok(launch.includes(command), word);
    }
  });
});
