import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConsole, type Sink } from '../../../src/launch/text/console.js';
import { formatTable } from '../../../src/launch/text/table.js';

function recordingSink(isTTY: boolean): Sink & { readonly text: () => string } {
  const parts: string[] = [];
  return { isTTY, columns: 20, write: (text) => parts.push(text), text: () => parts.join('') };
}

function record(isTTY: boolean, env: NodeJS.ProcessEnv = {}) {
  const [stdout, stderr] = [recordingSink(isTTY), recordingSink(isTTY)];
  return { console: createConsole({ stdout, stderr }, env), stdout, stderr };
}

describe('console', () => {
  it('narrates on stderr and puts results on stdout', () => {
    const { console, stdout, stderr } = record(false);
    console.note('starting');
    console.ok('ready');
    console.result('http://127.0.0.1:8000');
    assert.equal(stdout.text(), 'http://127.0.0.1:8000\n');
    assert.equal(stderr.text(), 'starting\n✓ ready\n');
  });

  it('colours on a terminal only, and never under NO_COLOR', () => {
    const colour = record(true);
    colour.console.warn('careful');
    assert.ok(colour.stderr.text().startsWith('\u001b[33m'));
    const plain = record(true, { NO_COLOR: '1' });
    plain.console.warn('careful');
    assert.equal(plain.stderr.text(), '! careful\n');
    assert.equal(plain.console.paint('bold', 'x'), 'x');
  });

  it('replaces a progress line on a terminal, cut to its width, and writes none to a pipe', () => {
    const terminal = record(true);
    terminal.console.progress('a line longer than twenty columns');
    terminal.console.note('done');
    assert.match(terminal.stderr.text(), /a line longer than…/);
    assert.ok(terminal.stderr.text().endsWith('\r\u001b[2Kdone\n'));
    const pipe = record(false);
    pipe.console.progress('half way');
    assert.equal(pipe.stderr.text(), '');
  });

  it('lays out a table by the widest cell, colour codes not counted', () => {
    const text = formatTable(
      ['NAME', 'STATE'],
      [
        ['\u001b[1ma\u001b[0m', 'up'],
        ['longer', 'down'],
      ],
    );
    assert.deepEqual(text.split('\n'), ['NAME    STATE', '\u001b[1ma\u001b[0m       up', 'longer  down']);
  });
});
