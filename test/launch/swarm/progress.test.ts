import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseService, parseTask } from '../../../src/launch/docker/api/swarm-mapping.js';
import type { SwarmService, SwarmTask, UpdateState } from '../../../src/launch/docker/swarm-types.js';
import { describeFailure, describeReplicas, judgeProgress } from '../../../src/launch/swarm/progress.js';

const template = (version: string, ForceUpdate = 0): object => ({
  ContainerSpec: { Labels: { 'slipway.config': version } },
  ForceUpdate,
});

/** A service of two replicas as the Engine API tells it. */
function serviceWith(version: string, State?: UpdateState, Replicas = 2): SwarmService {
  return parseService({
    ID: 's',
    Version: { Index: 7 },
    Spec: { Name: 'web', Mode: { Replicated: { Replicas } }, TaskTemplate: template(version) },
    ...(State === undefined ? {} : { UpdateStatus: { State, Message: `it is ${State}` } }),
  });
}

interface TaskFields {
  readonly slot?: number;
  readonly version?: string;
  readonly wanted?: string;
  readonly error?: string;
  readonly createdAt?: string;
  readonly exitCode?: number;
}

const taskIn = (state: string, fields: TaskFields = {}): SwarmTask => {
  const { slot = 1, version = 'b', wanted = 'running', error, createdAt = '2026-01-01T00:00:10.5Z', exitCode } = fields;
  return parseTask({
    ID: `t${slot}`,
    ServiceID: 's',
    Slot: slot,
    Spec: template(version),
    DesiredState: wanted,
    CreatedAt: createdAt,
    Status: { State: state, Err: error, ContainerStatus: { ExitCode: exitCode } },
  });
};

const both = [taskIn('running'), taskIn('running', { slot: 2 })];
const judge = (service: SwarmService, tasks: readonly SwarmTask[], sinceMs = 0) =>
  judgeProgress(service, tasks, sinceMs);

describe('how far a Swarm has come with a service', () => {
  it('is the goal only where as many replicas run as are wanted, all of the newest version', () => {
    assert.equal(judge(serviceWith('b'), both).kind, 'settled');
    assert.equal(judge(serviceWith('b', 'completed'), both).kind, 'settled');
    for (const tasks of [
      [],
      both.slice(1),
      [...both, taskIn('starting', { slot: 3 })],
      [...both, taskIn('running', { slot: 3, wanted: 'shutdown' })],
      [taskIn('running'), taskIn('starting', { slot: 2 })],
      [taskIn('running'), taskIn('running', { slot: 2, version: 'a' })],
    ]) {
      assert.equal(judge(serviceWith('b'), tasks).kind, 'going', describeReplicas(serviceWith('b'), tasks));
    }
  });

  it('is not the goal the moment after an update, when the old replicas all run and nothing says that it began', () => {
    const old = [taskIn('running', { version: 'a' }), taskIn('running', { slot: 2, version: 'a' })];
    assert.deepEqual(judge(serviceWith('b'), old), {
      kind: 'going',
      text: '0 of 2 replicas run, 2 of another version',
      failed: undefined,
    });
    const restarted = parseService({
      ...serviceWith('b').raw,
      Spec: { ...serviceWith('b').spec, TaskTemplate: template('b', 1) },
    });
    assert.equal(judge(restarted, both).kind, 'going');
  });

  it('goes on while the Swarm updates or goes back, whatever runs', () => {
    assert.equal(judge(serviceWith('b', 'updating'), both).kind, 'going');
    assert.equal(judge(serviceWith('b', 'rollback_started'), both).kind, 'going');
  });

  it('ends where a change was taken back and the former version runs, and where even that stands still', () => {
    assert.equal(judge(serviceWith('b', 'rollback_completed'), both).kind, 'taken-back');
    assert.equal(judge(serviceWith('b', 'rollback_completed'), both.slice(1)).kind, 'going');
    const paused = judge(serviceWith('b', 'rollback_paused'), both.slice(1));
    assert.deepEqual(
      [paused.kind, paused.text],
      ['paused', '1 of 2 replicas run, its rollback is paused: it is rollback_paused'],
    );
  });

  it('is reached with no replicas where none are wanted and none drain', () => {
    assert.equal(judge(serviceWith('b', undefined, 0), []).kind, 'settled');
    assert.equal(judge(serviceWith('b', undefined, 0), [taskIn('running', { wanted: 'shutdown' })]).kind, 'going');
    assert.equal(judge(serviceWith('b', undefined, 0), [taskIn('complete', { wanted: 'shutdown' })]).kind, 'settled');
  });

  it('names the newest failure, but none of before the change', () => {
    const early = taskIn('failed', { wanted: 'shutdown', createdAt: '2026-01-01T00:00:01Z', exitCode: 1 });
    const late = taskIn('failed', { slot: 2, wanted: 'shutdown', createdAt: '2026-01-01T00:00:20.25Z', exitCode: 4 });
    const failedOf = (sinceMs: number) => {
      const progress = judge(serviceWith('b', 'updating'), [late, early, ...both], sinceMs);
      return progress.kind === 'settled' ? 'settled' : progress.failed?.exitCode;
    };
    assert.equal(failedOf(0), 4);
    assert.equal(failedOf(Date.parse('2026-01-01T00:00:20.25Z')), 4);
    assert.equal(failedOf(Date.parse('2026-01-01T00:00:20.25Z') + 1), undefined);
  });

  it('says what a replica waits for, and what became of one', () => {
    const waiting = taskIn('pending', { slot: 2, error: 'no suitable node (insufficient resources on 1 node)' });
    assert.match(
      describeReplicas(serviceWith('b'), [taskIn('running'), waiting]),
      /^1 of 2 replicas run, web\.2 waits: no suitable node \(insufficient resources on 1 node\)$/,
    );
    assert.equal(
      describeFailure(taskIn('failed', { error: 'task: non-zero exit (4)', exitCode: 4 })),
      'ended with exit code 4',
    );
    assert.equal(
      describeFailure(
        taskIn('failed', { error: 'task: non-zero exit (137): dockerexec: unhealthy container', exitCode: 137 }),
      ),
      'ended with exit code 137 (dockerexec: unhealthy container)',
    );
    assert.equal(
      describeFailure(taskIn('rejected', { error: 'No such image: nothing:1' })),
      'could not start (No such image: nothing:1)',
    );
  });
});
