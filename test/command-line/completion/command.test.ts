import assert from 'node:assert/strict';
import { Command } from 'commander';
import { describe, it, mock } from 'node:test';
import { registerCompletion } from '../../../src/command-line/completion/command.js';
import { defineCommand } from '../../../src/command-line/definition.js';

/** Types one line of a program that lists things, and of which another kind never answers. */
async function type(...line: readonly string[]): Promise<readonly string[]> {
  const program = new Command('tool').exitOverride();
  const printed: string[] = [];
  registerCompletion(program, {
    define: () => defineCommand(program),
    list: (kind, words) => {
      if (kind === 'things') return Promise.resolve(['one', 'two', 'one', ...words]);
      if (kind === 'none') return Promise.resolve([]);
      return kind === 'silent' ? new Promise(() => undefined) : undefined;
    },
    print: (text) => printed.push(text),
  });
  await program.parseAsync(['completion', ...line], { from: 'user' });
  return printed;
}

describe('the command that completion scripts call', () => {
  it('prints names once each, with the words of the line at hand, and nothing where there are none', async () => {
    assert.deepEqual(await type('things', '--', '-m', 'x'), ['one\ntwo\n-m\nx']);
    assert.deepEqual(await type('none'), []);
  });

  it('refuses what is neither a shell nor a kind of names', async () => {
    await assert.rejects(type('tcsh'), {
      code: 'USAGE',
      message: 'There is no completion for tcsh. Type tool completion bash|zsh|fish',
    });
  });

  it('lets no shell wait for names that do not come', async (context) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    context.after(() => mock.timers.reset());
    const asked = type('silent');
    mock.timers.tick(5000);
    await assert.rejects(asked, { code: 'STEP_TIMEOUT', message: 'The names of silent were not there within 5 s.' });
  });
});
