import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { valueIn } from '../../../src/command-line/completion/completion.js';
import { runLauncher } from '../../engine/stand-in.js';
import { sumAndDifference } from '../../support/models.js';
import { temporaryFolder } from '../../support/folder.js';
import { findFreePort } from '../../../bench/targets/free-port.js';
import { serveFor } from '../../support/server.js';
import { Completer, missing, shells } from './shells.js';

/** A line and what is offered at its end: all of it, or these among others. */
const lines: readonly (readonly [line: string, words: string, isAll?: true])[] = [
  ['launch do', 'doctor', true],
  ['launch ', 'up models export completion stop'],
  ['launch --variant ', 'auto cpu gpu cuda native', true],
  ['launch up --variant g', 'gpu', true],
  ['launch -d --name x --re', '--restart --replace --read-only --replicas', true],
  ['launch --pull never --gpu-m', '--gpu-mode', true],
  ['launch models p', 'pull push', true],
  ['launch models push --as ', 'modelpack image', true],
  ['launch export kubernetes --scaler ', 'hpa keda', true],
  ['launch run --repla', '--replace', true],
  ['launch --context stop --de', '--detach --device', true],
  ['launch stop --ti', '--time', true],
  ['launch help sca', 'scale', true],
  ['launch completion ', 'bash zsh fish', true],
  ['launch --memory ', '', true],
  ['slipway --log-le', '--log-level', true],
  ['slipway --log-level w', 'warn', true],
  ['slipway --model-control-mode ', 'explicit poll none', true],
  ['slipway pre', 'predict', true],
  ['slipway bench --form ', 'binary json', true],
  ['slipway inspect --j', '--json', true],
];

/** fish offers the whole word where the others offer what follows = in it. */
const afterEquals = (word: string): string => word.replace(/^--[\w-]+=/, '');

for (const shell of shells) {
  describe(`completion in ${shell}`, { skip: missing(shell) }, () => {
    it('knows commands, options and the words that an option takes', async () => {
      const completer = new Completer(shell);
      for (const [line, words, isAll] of lines) {
        const offered = (await completer.complete(line)).map(afterEquals);
        const wanted = words.split(' ').filter((word) => word !== '');
        if (isAll === true) assert.deepEqual([...offered].sort(), [...wanted].sort(), line);
        else for (const word of wanted) assert.ok(offered.includes(word), `${line}: ${word} of ${offered.join(' ')}`);
      }
    });

    it('completes what follows = in one word', async () => {
      const completer = new Completer(shell);
      for (const [line, word] of [
        ['launch --gpu-mode=c', 'cdi'],
        ['slipway --require-gpu=n', 'no'],
      ] as const)
        assert.deepEqual((await completer.complete(line)).map(afterEquals), [word]);
    });

    it('offers files and folders where a path is wanted, names with spaces whole', async () => {
      const completer = new Completer(shell);
      mkdirSync(join(completer.folder, 'my models'));
      writeFileSync(join(completer.folder, 'my file'), '');
      const offered = async (line: string): Promise<readonly string[]> =>
        (await completer.complete(line)).map((word) => word.replace(/\/$/, '').replaceAll('\\', '')).sort();
      assert.deepEqual(await offered('slipway --config my'), ['my file', 'my models']);
      assert.deepEqual(await offered('slipway --cache-dir my'), ['my models']);
      assert.deepEqual(await offered('slipway predict my'), ['my file', 'my models']);
      assert.deepEqual(await offered('slipway predict --text my'), []);
    });

    it('offers the models that a server has ready, or that a folder holds, and nothing where neither answers', async (context) => {
      const models = ['first', 'second'].map((name) => ({ name, graph: sumAndDifference }));
      const { url } = await serveFor(context, { models });
      const completer = new Completer(shell, { SLIPWAY_URL: url });
      assert.deepEqual([...(await completer.complete('slipway predict --model '))].sort(), ['first', 'second']);
      assert.deepEqual(await completer.complete('slipway bench -m f'), ['first']);
      const bundled = await completer.complete(`slipway predict --models ${process.cwd()}/models --model dig`);
      assert.deepEqual([...bundled].sort(), ['digit-boxes', 'digits']);
      assert.deepEqual(await completer.complete('slipway predict --url 127.0.0.1:1 --model '), []);
    });

    it('offers servers that run where a command takes one', async (context) => {
      const env = { SLIPWAY_STATE_DIR: temporaryFolder('named-'), DOCKER_HOST: 'unix:///nowhere/docker.sock' };
      const name = `complete-${shell}`;
      const up = await runLauncher(
        ['-d', '--variant', 'native', '--name', name, '-p', `${await findFreePort()}:8000`],
        env,
      ).ended;
      assert.equal(up.code, 0, up.stderr);
      context.after(() => runLauncher(['rm', '-f', name], env).ended);
      const completer = new Completer(shell, env);
      for (const command of ['stop', 'logs', 'rm', 'restart'])
        assert.deepEqual(await completer.complete(`launch ${command} `), [name], command);
      assert.deepEqual(await completer.complete('launch logs --tail 3 complete'), [name]);
      assert.deepEqual(await completer.complete('launch scale '), [], 'no Swarm is there to ask');
    });
  });
}

describe('the words of a line that is being typed', () => {
  it('tell what an option was given, in both forms', () => {
    assert.equal(valueIn(['predict', '--url', 'a', '-m'], ['--url']), 'a');
    assert.equal(valueIn(['--url=http://b?c=d', '-m'], ['--url']), 'http://b?c=d');
    assert.equal(valueIn(['-H', 'tcp://x'], ['--host', '-H']), 'tcp://x');
    assert.equal(valueIn(['--urls', 'a'], ['--url']), undefined);
  });
});
