import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { AppError, type ErrorCode } from '../../src/errors.js';
import type { DockerGateway } from '../../src/launch/docker/gateway.js';
import type { OutputChunk } from '../../src/launch/docker/types.js';

/** A gateway under test, with an image that has `sh`. */
export interface GatewayUnderTest {
  readonly docker: DockerGateway;
  readonly image: string;
}

async function collect(output: AsyncIterable<OutputChunk>): Promise<{ stdout: string; stderr: string }> {
  const texts = { stdout: '', stderr: '' };
  for await (const { stream, data } of output) texts[stream] += data.toString();
  return texts;
}

async function rejectsWith(code: ErrorCode, action: () => Promise<unknown>): Promise<AppError> {
  const thrown: unknown = await action().then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof AppError, `expected an AppError with ${code}, got ${String(thrown)}`);
  assert.equal(thrown.code, code, thrown.message);
  return thrown;
}

/** What every implementation of the gateway does alike. Run against a real engine and against the in-memory one. */
export function describeGatewayContract(
  name: string,
  open: () => GatewayUnderTest,
  skip: string | false = false,
): void {
  describe(`gateway: ${name}`, { skip }, () => {
    const run = `contract-${randomUUID().slice(0, 8)}`;
    const label = `contract.run=${run}`;
    let count = 0;

    const create = async (script: string, extra: object = {}): Promise<string> => {
      const { docker, image } = open();
      const body = { Image: image, Cmd: ['sh', '-c', script], Labels: { 'contract.run': run }, ...extra };
      count += 1;
      return docker.containers.create(body, { name: `${run}-${count}` });
    };

    after(async () => {
      if (skip !== false) return;
      const { docker } = open();
      for (const { id } of await docker.containers.list({ all: true, labels: [label] })) {
        await docker.containers.remove(id, { force: true });
      }
    });

    it('tells what engine it is', async () => {
      const { docker } = open();
      await docker.ping();
      const info = await docker.info();
      assert.match(info.version, /^\d+\./);
      assert.match(info.apiVersion, /^1\.\d+$/);
      assert.equal(info.osType, 'linux');
      assert.ok(info.runtimes.length > 0 && info.cpus > 0);
    });

    it('runs a container to its end and answers its exit code', async () => {
      const { docker } = open();
      const id = await create('exit 3');
      assert.equal((await docker.containers.inspect(id)).state.status, 'created');
      const waiting = docker.containers.wait(id, 'next-exit');
      await docker.containers.start(id);
      assert.equal(await waiting, 3);
      const { state } = await docker.containers.inspect(id);
      assert.equal(state.status, 'exited');
      assert.equal(state.exitCode, 3);
    });

    it('gives a running container another name, and refuses one that is taken', async () => {
      const { docker } = open();
      const id = await create('exec sleep 600');
      await docker.containers.start(id);
      await docker.containers.rename(id, `${run}-renamed`);
      const { state } = await docker.containers.inspect(`${run}-renamed`);
      assert.equal(state.status, 'running');
      const other = await create('exec sleep 600');
      const refused = await rejectsWith('DOCKER_REFUSED', () => docker.containers.rename(other, `${run}-renamed`));
      assert.match(refused.message, /is already in use by/);
      await docker.containers.stop(id, { graceSeconds: 0 });
    });

    it('keeps stdout and stderr apart, and cuts logs to their tail', async () => {
      const { docker } = open();
      const id = await create('echo one; echo two; echo bad >&2');
      const waiting = docker.containers.wait(id, 'next-exit');
      await docker.containers.start(id);
      await waiting;
      assert.deepEqual(await collect(docker.containers.logs(id)), { stdout: 'one\ntwo\n', stderr: 'bad\n' });
      const tail = await collect(docker.containers.logs(id, { tail: 1, timestamps: true }));
      assert.match(tail.stdout + tail.stderr, /^\d{4}-\d\d-\d\dT[\d:.]+Z \w+\n$/);
    });

    it('follows logs until the container ends, or until told to stop', async () => {
      const { docker } = open();
      const ending = await create('echo first; read line; echo "$line"', { OpenStdin: true, StdinOnce: true });
      const attached = await docker.containers.attach(ending, { stdin: true, tty: false });
      await docker.containers.start(ending);
      const following = collect(docker.containers.logs(ending, { follow: true }));
      attached.input.end('second\n');
      assert.equal((await following).stdout, 'first\nsecond\n');
      assert.equal((await collect(attached.output)).stdout, 'first\nsecond\n');

      const endless = await create('echo up; exec sleep 600');
      await docker.containers.start(endless);
      const stop = new AbortController();
      for await (const { data } of docker.containers.logs(endless, { follow: true, signal: stop.signal })) {
        assert.equal(data.toString(), 'up\n');
        stop.abort();
      }
    });

    it('runs an extra process with its own output, input and exit code', async () => {
      const { docker } = open();
      const id = await create('exec sleep 600');
      await docker.containers.start(id);
      const command = ['sh', '-c', 'cat; echo "$COLOUR" >&2; exit 7'];
      const exec = await docker.containers.exec(id, { command, stdin: true, env: ['COLOUR=blue'] });
      exec.input.end('typed');
      assert.deepEqual(await collect(exec.output), { stdout: 'typed', stderr: 'blue\n' });
      assert.equal(await exec.exitCode(), 7);
    });

    it('refuses an extra process in a container that does not run', async () => {
      const { docker } = open();
      const id = await create('exit 0');
      const error = await rejectsWith('DOCKER_REFUSED', () => docker.containers.exec(id, { command: ['true'] }));
      assert.match(error.message, /not running/);
    });

    it('finds a container by name and by the start of its id, and lists by label and state', async () => {
      const { docker } = open();
      const id = await create('exec sleep 600', { Labels: { 'contract.run': run, 'contract.kind': 'listed' } });
      const labels = [label, 'contract.kind'];
      assert.deepEqual(await docker.containers.list({ labels }), []);
      await docker.containers.start(id);
      const [listed, ...others] = await docker.containers.list({ labels });
      assert.equal(others.length, 0);
      assert.equal(listed?.id, id);
      assert.equal(listed.state, 'running');
      assert.match(listed.status, /^Up /);
      assert.equal(listed.labels['contract.kind'], 'listed');
      const details = await docker.containers.inspect(id.slice(0, 12));
      assert.equal((await docker.containers.inspect(details.name)).id, id);
      assert.equal(details.name, listed.name);
    });

    it('stops with a grace, kills with a signal, and lets a stopped container be stopped again', async () => {
      const { docker } = open();
      const stopped = await create('trap "exit 5" TERM; while :; do sleep 0.05; done');
      await docker.containers.start(stopped);
      await docker.containers.stop(stopped, { graceSeconds: 20 });
      assert.equal((await docker.containers.inspect(stopped)).state.exitCode, 5);
      await docker.containers.stop(stopped);
      const killed = await create('exec sleep 600');
      await docker.containers.start(killed);
      const waiting = docker.containers.wait(killed, 'next-exit');
      await docker.containers.kill(killed, 'SIGKILL');
      assert.equal(await waiting, 137);
      const error = await rejectsWith('DOCKER_REFUSED', () => docker.containers.kill(killed));
      assert.match(error.message, /not running/);
    });

    it('removes a stopped container, a running one only by force', async () => {
      const { docker } = open();
      const id = await create('exec sleep 600');
      await docker.containers.start(id);
      const error = await rejectsWith('DOCKER_REFUSED', () => docker.containers.remove(id));
      assert.equal(error.details['status'], 409);
      await docker.containers.remove(id, { force: true });
      await rejectsWith('CONTAINER_NOT_FOUND', () => docker.containers.inspect(id));
    });

    it('names what is missing or taken', async () => {
      const { docker } = open();
      const absent = `absent-${run}`;
      for (const action of ['inspect', 'start', 'remove', 'stop'] as const) {
        const error = await rejectsWith('CONTAINER_NOT_FOUND', () => docker.containers[action](absent));
        assert.match(error.message, new RegExp(absent));
      }
      await rejectsWith('CONTAINER_NOT_FOUND', () => docker.containers.inspect('../info'));
      await rejectsWith('IMAGE_MISSING', () => docker.containers.create({ Image: `${absent}:1` }));
      await rejectsWith('IMAGE_MISSING', () => docker.images.inspect(`${absent}:1`));
      await rejectsWith('NOT_FOUND', () => docker.networks.remove(absent));
      const id = await create('exit 0');
      const { name, image } = await docker.containers.inspect(id);
      const taken = await rejectsWith('DOCKER_REFUSED', () => docker.containers.create({ Image: image }, { name }));
      assert.equal(taken.details['status'], 409);
    });

    it('tags an image, lists the tag and takes it away again', async () => {
      const { docker, image } = open();
      const tag = `${run}:two`;
      await docker.images.tag(image, tag);
      const { id, tags } = await docker.images.inspect(tag);
      assert.equal((await docker.images.inspect(image)).id, id);
      assert.ok(tags.includes(tag));
      assert.ok((await docker.images.list()).some((listed) => listed.tags.includes(tag)));
      assert.deepEqual(await docker.images.remove(tag), [`Untagged: ${tag}`]);
      await rejectsWith('IMAGE_MISSING', () => docker.images.inspect(tag));
    });

    it('makes, lists and removes networks and volumes by label', async () => {
      const { docker } = open();
      const labels = { 'contract.run': run };
      await docker.networks.create({ name: `${run}-net`, labels });
      assert.deepEqual(
        (await docker.networks.list({ labels: [label] })).map((network) => network.name),
        [`${run}-net`],
      );
      await docker.networks.remove(`${run}-net`);
      assert.deepEqual(await docker.networks.list({ labels: [label] }), []);
      await docker.volumes.create({ name: `${run}-vol`, labels });
      assert.deepEqual(
        (await docker.volumes.list({ labels: [label] })).map((volume) => volume.name),
        [`${run}-vol`],
      );
      await docker.volumes.remove(`${run}-vol`);
      assert.deepEqual(await docker.volumes.list({ labels: [label] }), []);
    });

    it('tells of events as they happen, by label', async () => {
      const { docker } = open();
      const stop = new AbortController();
      const id = await create('exit 0', { Labels: { 'contract.run': run, 'contract.kind': 'watched' } });
      const sinceSeconds = 1;
      const seen: string[] = [];
      const waiting = docker.containers.wait(id, 'next-exit');
      await docker.containers.start(id);
      await waiting;
      const labels = [label, 'contract.kind=watched'];
      for await (const event of docker.events({ labels, sinceSeconds, signal: stop.signal })) {
        assert.equal(event.type, 'container');
        assert.equal(event.id, id);
        seen.push(event.action);
        if (event.action === 'die') stop.abort();
      }
      assert.deepEqual(
        seen.filter((action) => ['create', 'start', 'die'].includes(action)),
        ['create', 'start', 'die'],
      );
    });

    it('measures a running container', async () => {
      const { docker } = open();
      const id = await create('exec sleep 600');
      await docker.containers.start(id);
      const sample = await docker.containers.sample(id);
      assert.ok(sample.pids >= 1 && sample.memoryBytes > 0 && sample.cpuPercent >= 0, JSON.stringify(sample));
      const stop = new AbortController();
      for await (const reading of docker.containers.stats(id, { signal: stop.signal })) {
        assert.ok(reading.memoryLimitBytes > 0);
        stop.abort();
      }
    });
  });
}
