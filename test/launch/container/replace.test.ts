import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { putInPlace } from '../../../src/launch/container/replace.js';
import type { Session, Started } from '../../../src/launch/session/session.js';
import type { ContainerSummary } from '../../../src/launch/docker/types.js';

const obstacle = (id: string, name: string, state: string) => ({ id, name, state }) as unknown as ContainerSummary;

/** An engine that writes down what it is told, and refuses what `refuses` names. */
function open({ keep = false, refuses = {} }: { keep?: boolean; refuses?: Readonly<Record<string, AppError>> } = {}) {
  const told: string[] = [];
  const tell = (verb: string) => (id: string, more?: unknown) => {
    const line = [verb, id, ...(typeof more === 'string' ? [more.replace(/-[0-9a-f]{6}$/, '-*')] : [])].join(' ');
    told.push(line);
    const refusal = refuses[line];
    return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
  };
  const names = ['rename', 'stop', 'start', 'remove'];
  const containers = Object.fromEntries(names.map((verb) => [verb, tell(verb)]));
  const say = (text: string) => told.push(text);
  const session = { gateway: { containers }, options: { keep }, context: { console: { note: say, warn: say } } };
  return { told, session: session as unknown as Session };
}

const obstacles = [
  obstacle('old', 'web', 'running'),
  obstacle('port', 'other', 'running'),
  obstacle('gone', 'x', 'exited'),
];
const replacing = { id: 'new', name: 'web', failedName: 'web-failed-*', obstacles };
const room = ['rename old web-before-*', 'rename new web', 'stop old', 'stop port'];
const back = ['rename old web', 'start old', 'start port'];
const failure = new AppError('CONTAINER_EXITED', 'web ended with exit code 3.', { details: { name: 'web' } });

describe('a container in the place of others', () => {
  it('is started once they are stopped, and they are removed once it is ready', async () => {
    const { told, session } = open();
    const started = {} as Started;
    const start = () => Promise.resolve(told.push('ready')).then(() => started);
    assert.equal(await putInPlace(session, replacing, start), started);
    const removed = ['remove old', 'removed web', 'remove port', 'removed other', 'remove gone', 'removed x'];
    assert.deepEqual(told, [...room, 'ready', ...removed]);
  });

  it('that fails gives it back to those that ran, and the error says so with all that it said before', async () => {
    for (const keep of [false, true]) {
      const { told, session } = open({ keep });
      await assert.rejects(
        putInPlace(session, replacing, () => Promise.reject(failure)),
        {
          code: 'CONTAINER_EXITED',
          details: { name: 'web' },
          message:
            'web ended with exit code 3.\n  web was started again, as it was.\n  other was started again, as it was.',
        },
      );
      const away = keep ? ['stop new', 'rename new web-failed-*'] : ['remove new'];
      assert.deepEqual(told, [...room, ...away, ...back]);
    }
  });

  it('whose name a stranger has stops nobody', async () => {
    const conflict = 'The container name "/web" is already in use by container "1". You have to remove it.';
    const refuses = { 'rename new web': new AppError('DOCKER_REFUSED', conflict) };
    const { told, session } = open({ refuses });
    const asked = putInPlace(session, { ...replacing, obstacles: obstacles.slice(1) }, () => Promise.reject(failure));
    await assert.rejects(
      asked,
      /^AppError: The name web belongs to a container that launch did not start.*\n {2}fix: choose another --name, or try again$/,
    );
    assert.deepEqual(told, ['rename new web', 'remove new']);
  });

  it('tells which of them cannot be brought back, and brings the others back', async () => {
    const refuses = {
      'stop old': new AppError('CONTAINER_NOT_FOUND', 'No such container'),
      'start old': new AppError('CONTAINER_NOT_FOUND', 'No such container'),
      'start port': new AppError('DOCKER_REFUSED', 'the disk is full'),
    };
    const { session } = open({ refuses });
    await assert.rejects(
      putInPlace(session, replacing, () => Promise.reject(failure)),
      {
        message:
          'web ended with exit code 3.\n  web removed itself when it ended (--rm), and was not started again.\n  other could not be started again: the disk is full',
      },
    );
  });

  it('that is ready stays where one of the others cannot be removed, which is said', async () => {
    const { told, session } = open({ refuses: { 'remove port': new AppError('DOCKER_REFUSED', 'busy') } });
    await putInPlace(session, replacing, () => Promise.resolve({} as Started));
    assert.ok(told.includes('other was stopped, but not removed: busy'));
    assert.equal(told.at(-1), 'removed x');
  });
});
