import assert from 'node:assert/strict';
import { Argument, Command, Option } from 'commander';
import { describe, it } from 'node:test';
import { defineCommand, flatten } from '../../src/command-line/definition.js';
import { NotedOption } from '../../src/command-line/noted-option.js';

const append = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function buildProgram(): Command {
  const program = new Command('tool').description('does things').argument('[files...]', 'what to do');
  program
    .option('-v, --verbose', 'say more')
    .option('-n, --number <n>', 'how many', '3')
    .option('--tag <name>', 'may come again', append)
    .addOption(new Option('--form <form>', 'how').choices(['a', 'b']).default('b'))
    .addOption(new Option('--rare <file>', 'hidden from help').hideHelp())
    .addOption(new Option('--own').hideHelp())
    .addOption(
      new NotedOption('--level <level>', 'loud, quiet (quiet)', {
        text: 'how loud',
        fallback: 'quiet',
        words: ['loud', 'quiet'],
        variable: 'TOOL_LEVEL',
        configKey: 'level',
      }),
    );
  const group = program.command('group').alias('g').description('several');
  group.command('one').addArgument(new Argument('<server>', 'its name')).option('--no-wait', 'at once');
  return program;
}

describe('the definition of a command line', () => {
  const definition = defineCommand(buildProgram());
  const optionOf = (name: string) => {
    const found = definition.options.find(({ names }) => names.includes(name));
    assert.ok(found, name);
    return found;
  };

  it('has every command below the program by its whole path, with its other names', () => {
    assert.deepEqual(
      flatten(definition).map(({ path, aliases }) => [path, aliases]),
      [
        ['tool', []],
        ['tool group', ['g']],
        ['tool group one', []],
      ],
    );
  });

  it('has options that help hides, but not those without a word on them', () => {
    const names = definition.options.flatMap((option) => option.names);
    assert.deepEqual(names, ['-v', '--verbose', '-n', '--number', '--tag', '--form', '--rare', '--level']);
  });

  it('tells switches from options with a value, and those that may be repeated', () => {
    assert.deepEqual([optionOf('-v').value, optionOf('-n').value], [undefined, '<n>']);
    assert.deepEqual(
      definition.options.filter(({ isRepeated }) => isRepeated).map(({ names }) => names.at(-1)),
      ['--tag'],
    );
  });

  it('has defaults, words to choose from, and the other names of a setting', () => {
    assert.equal(optionOf('--number').fallback, '3');
    assert.deepEqual(optionOf('--form').takes, { kind: 'words', words: ['a', 'b'] });
    assert.equal(optionOf('--form').fallback, 'b');
    assert.deepEqual(optionOf('--rare').takes, { kind: 'file' });
    const { description, fallback, variable, configKey, takes } = optionOf('--level');
    assert.deepEqual([description, fallback, variable, configKey], ['how loud', 'quiet', 'TOOL_LEVEL', 'level']);
    assert.deepEqual(takes, { kind: 'words', words: ['loud', 'quiet'] });
  });

  it('says what operands are, and of which kind their names are', () => {
    assert.deepEqual(definition.operands, [
      { shown: '[files...]', description: 'what to do', takes: { kind: 'file' }, isRepeated: true },
    ]);
    const one = flatten(definition).find(({ path }) => path === 'tool group one');
    assert.deepEqual(one?.operands[0]?.takes, { kind: 'names', of: 'servers' });
    assert.deepEqual(one.options[0]?.names, ['--no-wait']);
  });
});
