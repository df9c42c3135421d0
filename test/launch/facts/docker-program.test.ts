import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dockerProgram } from '../../../src/launch/facts/docker-program.js';
import { dockerAnswer } from '../../../src/launch/cli/docker-words.js';
import { decide } from '../../../src/launch/decide/plan.js';
import { known } from '../../../src/launch/facts/facts.js';
import { engines, facts, request } from '../situations.js';

describe("docker's own lines", () => {
  it('name the engine that a flag or a search chose, and none that docker chooses itself', () => {
    const url = 'ssh://me@box';
    assert.deepEqual(dockerProgram({ source: '--context gpubox', context: 'gpubox', url }), [
      'docker',
      '--context',
      'gpubox',
    ]);
    assert.deepEqual(dockerProgram({ source: '-H', url }), ['docker', '-H', url]);
    assert.deepEqual(dockerProgram({ source: "Podman's socket", url: 'unix:///run/podman.sock' }), [
      'docker',
      '-H',
      'unix:///run/podman.sock',
    ]);
    for (const source of [
      'DOCKER_HOST',
      'DOCKER_CONTEXT=gpubox',
      'docker context gpubox',
      'the default socket',
      'the default socket; broken config',
    ])
      assert.deepEqual(dockerProgram({ source, context: 'gpubox', url }), ['docker'], source);
  });

  it('for words of docker have the engine before the word, wherever it was typed', () => {
    assert.match(
      dockerAnswer('top', ['--context', 'gpubox', 'NAME']) ?? '',
      /type: docker --context gpubox top NAME$/m,
    );
    assert.match(dockerAnswer('pause', ['NAME', '-H', 'tcp://a:1']) ?? '', /type: docker -H tcp:\/\/a:1 pause NAME$/m);
    assert.match(dockerAnswer('diff', ['--host=tcp://a:1']) ?? '', /type: docker --host=tcp:\/\/a:1 diff NAME$/m);
    assert.match(dockerAnswer('wait', ['NAME']) ?? '', /type: docker wait NAME$/m);
  });

  it('pull an image from the engine that was named', () => {
    assert.ok(engines.plain.state === 'known');
    const engine = known({ ...engines.plain.value, source: '--context gpubox', context: 'gpubox' }, 'answers');
    const asked = request({ variant: 'cpu', image: 'team/app:1', pull: 'never', engineIsNamed: true });
    const decision = decide(asked, { ...facts('bare', 'plain'), engine });
    assert.ok(decision.kind === 'refused');
    assert.match(decision.refusal.fix, /^docker --context gpubox pull team\/app:1,/);
  });
});
