import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../src/errors.js';
import { readClusterOptions, type ClusterValues } from '../../../src/launch/cluster/cluster-flags.js';
import { toDeployed } from '../../../src/launch/cluster/for-cluster.js';
import { parseNode, parseService } from '../../../src/launch/docker/api/swarm-mapping.js';
import { requireGpus } from '../../../src/launch/swarm/place.js';
import { explainAddresses, planService, type ServicePlan } from '../../../src/launch/swarm/plan.js';
import { plainRequest, type ContainerRequest, type LaunchRequest } from '../../../src/launch/request/request.js';

interface Wish {
  readonly flags?: Partial<ClusterValues>;
  readonly container?: Partial<ContainerRequest>;
  readonly request?: Partial<LaunchRequest>;
  readonly image?: string;
  readonly onto?: ServicePlan;
  readonly isNumberGiven?: boolean;
}

/** What happens for a wish, where a service of an earlier plan is there already. */
function planFor({
  flags = {},
  container = {},
  request = {},
  image = 'sha256:1',
  onto,
  isNumberGiven,
}: Wish = {}): ServicePlan {
  const asked = { ...plainRequest, ...request, container: { ...plainRequest.container, ...container } };
  const { deployed } = toDeployed(asked, readClusterOptions(flags, 'swarm'), 'swarm');
  const existing = onto === undefined ? undefined : parseService({ ID: 's', Spec: onto.spec });
  return planService({
    deployed,
    image: { reference: image },
    existing,
    isNumberGiven: isNumberGiven ?? flags.replicas !== undefined,
  });
}

const gpu = { request: { gpus: { selection: { kind: 'count', count: 2 }, capabilities: [], options: {} } } } as const;

describe('what up --swarm does', () => {
  it('creates a service that is not there, with the image as it was pinned and two replicas unless told otherwise', () => {
    const { action, spec, network } = planFor();
    assert.equal(action, 'create');
    assert.equal(spec.TaskTemplate.ContainerSpec.Image, 'sha256:1');
    assert.deepEqual([spec.Name, spec.Mode.Replicated.Replicas], ['slipway', 2]);
    assert.deepEqual(network, { name: 'slipway', isOwn: true });
    assert.equal(spec.Labels['slipway.image'], 'slipway:cpu');
    assert.deepEqual(planFor({ container: { network: 'shared' } }).network, { name: 'shared', isOwn: false });
  });

  it('keeps a service that is what it is to be, and changes only its number where nothing else is new', () => {
    const first = planFor({ flags: { replicas: '3' } });
    assert.equal(planFor({ onto: first }).action, 'keep', 'without --replicas a service keeps its number');
    assert.equal(planFor({ flags: { replicas: '3' }, onto: first }).action, 'keep');
    const more = planFor({ flags: { replicas: '5' }, onto: first });
    assert.deepEqual([more.action, more.spec.Mode.Replicated.Replicas], ['scale', 5]);
    const stopped = { ...first, spec: { ...first.spec, Mode: { Replicated: { Replicas: 0 } } } };
    const again = planFor({ onto: stopped });
    assert.deepEqual(
      [again.action, again.spec.Mode.Replicated.Replicas],
      ['scale', 3],
      'as many as before it was stopped',
    );
  });

  it('updates for another image, variable, limit, port, watch, secret or GPU, and keeps the number', () => {
    const first = planFor({ flags: { replicas: '4' } });
    const changes: readonly Wish[] = [
      { image: 'sha256:2' },
      { container: { env: { A: '1' } } },
      { container: { nanoCpus: 1e9 } },
      { container: { ports: [{ hostIp: '127.0.0.1', hostPort: '9000', containerPort: 8000, protocol: 'tcp' }] } },
      { flags: { publishMode: 'host' } },
      { flags: { watch: '3s' } },
      { flags: { keysSecret: 'k' } },
      gpu,
    ];
    for (const change of changes) {
      const { action, spec } = planFor({ ...change, onto: first });
      assert.deepEqual([action, spec.Mode.Replicated.Replicas], ['update', 4], JSON.stringify(change));
    }
  });

  it('marks replicas by their version, which how a Swarm replaces them does not change', () => {
    const version = (wish: Wish) => planFor(wish).spec.TaskTemplate.ContainerSpec.Labels['slipway.config'];
    assert.equal(version({}), version({ flags: { watch: '3s', replicas: '9' } }));
    assert.notEqual(version({}), version({ image: 'sha256:2' }));
    assert.notEqual(version({}), version({ flags: { publishMode: 'host' } }));
  });

  it('leaves a service of others alone', () => {
    const foreign = planFor();
    const unlabelled = { ...foreign, spec: { ...foreign.spec, Labels: {} } };
    assert.throws(() => planFor({ onto: unlabelled }), {
      code: 'DOCKER_REFUSED',
      message: /was not started by launch.*--name/s,
    });
  });

  it('starts a new replica first, but not where an old one holds the port of its node', () => {
    const order = (wish: Wish) => planFor(wish).spec.UpdateConfig.Order;
    const fixed = { ports: [{ hostIp: '127.0.0.1', hostPort: '9000', containerPort: 8000, protocol: 'tcp' }] } as const;
    assert.equal(order({}), 'start-first');
    assert.equal(order({ container: fixed }), 'start-first');
    assert.equal(order({ flags: { publishMode: 'host' } }), 'start-first');
    assert.equal(order({ flags: { publishMode: 'host' }, container: fixed }), 'stop-first');
    const [port] = planFor({ flags: { publishMode: 'host' } }).spec.EndpointSpec.Ports;
    assert.deepEqual(port, { Protocol: 'tcp', TargetPort: 8000, PublishMode: 'host' }, 'each node chooses one');
  });

  it('takes back what fails while it is watched, and locks each replica down', () => {
    const { UpdateConfig, RollbackConfig, TaskTemplate } = planFor({ flags: { watch: '3s', parallelism: '2' } }).spec;
    const common = { Parallelism: 2, Monitor: 3e9, Order: 'start-first' };
    assert.deepEqual(UpdateConfig, { ...common, FailureAction: 'rollback' });
    assert.deepEqual(RollbackConfig, { ...common, FailureAction: 'pause' });
    const { CapabilityDrop, ReadOnly, Privileges, Init, Healthcheck, StopGracePeriod } = TaskTemplate.ContainerSpec;
    assert.deepEqual([CapabilityDrop, ReadOnly, Privileges, Init], [['ALL'], true, { NoNewPrivileges: true }, true]);
    assert.deepEqual([Healthcheck, StopGracePeriod], [{ Interval: 10e9, Retries: 3 }, 36e9]);
  });

  it('replaces a tenth of the replicas at a time, at least one, as many as it then has', () => {
    const parallelism = (wish: Wish) => planFor(wish).spec.UpdateConfig.Parallelism;
    const counts = ['1', '10', '11', '1000'].map((replicas) => parallelism({ flags: { replicas } }));
    assert.deepEqual(counts, [1, 1, 2, 100]);
    assert.equal(parallelism({ flags: { replicas: '1000', parallelism: '7' } }), 7);
    const large = planFor({ flags: { replicas: '300' } });
    const updated = planFor({ image: 'sha256:2', onto: large });
    assert.deepEqual([updated.action, updated.spec.UpdateConfig.Parallelism], ['update', 30]);
    assert.equal(planFor({ flags: { replicas: '30' }, onto: large }).action, 'scale');
    assert.equal(planFor({ flags: { parallelism: '7' }, onto: large }).action, 'update');
  });

  it('says where the addresses of its own network would not do, and what does', () => {
    assert.equal(explainAddresses(planFor({ flags: { replicas: '227' } })), undefined);
    const text = explainAddresses(planFor({ flags: { replicas: '228' } })) ?? '';
    assert.match(text, /228 replicas and the 23 more .* need 251 addresses.*--subnet .*--network slipway-wide/);
    const wide = planFor({ flags: { replicas: '1000' }, container: { network: 'wide' } });
    assert.equal(explainAddresses(wide), undefined);
  });

  it('needs a node that offers as many GPUs as a replica asks for, as a number or by their names', () => {
    const { spec } = planFor(gpu);
    const [ready, active] = [{ State: 'ready' }, { Availability: 'active' }];
    const nodeIn = (Status: object, Spec: object, ...GenericResources: readonly object[]) =>
      parseNode({ ID: 'n', Status, Spec, Description: { Hostname: 'box', Resources: { GenericResources } } });
    const node = (...resources: readonly object[]) => nodeIn(ready, active, ...resources);
    const named = (Value: string) => ({ NamedResourceSpec: { Kind: 'NVIDIA-GPU', Value } });
    const counted = (Value: number, Kind = 'NVIDIA-GPU') => ({ DiscreteResourceSpec: { Kind, Value } });
    requireGpus([node(), node(named('GPU-1'), named('GPU-2'))], spec);
    requireGpus([node(counted(2))], spec);
    requireGpus([], planFor().spec);
    const refusal = (pattern: RegExp) => (thrown: unknown) =>
      thrown instanceof AppError && thrown.code === 'DEVICE_UNAVAILABLE' && pattern.test(thrown.message);
    assert.throws(
      () => requireGpus([node(counted(9, 'TPU'))], spec),
      refusal(/no node of the Swarm offers NVIDIA-GPU.*fix: .*node-generic-resources/s),
    );
    assert.throws(
      () => requireGpus([node(named('GPU-1')), node(counted(1))], spec),
      refusal(/needs 2 NVIDIA-GPU, and no node of the Swarm offers more than 1/),
    );
    const away = [nodeIn({ State: 'down' }, active, counted(2)), nodeIn(ready, { Availability: 'drain' }, counted(4))];
    assert.throws(
      () => requireGpus([node(counted(1)), ...away], spec),
      refusal(/only box, box could give that, which are down or take no replicas\n.*fix: docker node ls/s),
    );
    requireGpus([...away, node(counted(2))], spec);
  });
});
