import { exportText, image, kubectl, kubectlWith, lookUntil, podsOf } from './cluster.js';

/** A document of an export, as far as tests change it. */
interface Manifest {
  readonly kind: string;
  readonly spec: { readonly template: { readonly spec: PodTemplate } };
}

interface PodTemplate {
  readonly volumes: object[];
  readonly containers: readonly { readonly volumeMounts: object[] }[];
}

/** What a test sees of a pod. */
export interface PodState {
  readonly ip: string;
  readonly isReady: boolean;
  /** Whether its startup probe was answered. */
  readonly isStarted: boolean;
  readonly restarts: number;
  /** Why its container ended before, where it did: `OOMKilled`. */
  readonly ended: string | undefined;
}

/** A deployment of the image under test. */
export class Deployment {
  readonly name: string;
  readonly #flags: readonly string[];

  constructor(name: string, ...flags: readonly string[]) {
    this.name = name;
    this.#flags = ['--image', image, '--pull', 'never', '--name', name, '--cpus', '0.5', '-m', '512m', ...flags];
  }

  /** Applies what launch exports, with one volume more where one is given. */
  async apply(volume?: { readonly source: object; readonly mountPath: string }): Promise<void> {
    const items = JSON.parse(await exportText('kubernetes', '--json', ...this.#flags)) as readonly Manifest[];
    const pod = items.find(({ kind }) => kind === 'Deployment')?.spec.template.spec;
    if (volume !== undefined) {
      pod?.volumes.push({ name: 'more', ...volume.source });
      pod?.containers[0]?.volumeMounts.push({ name: 'more', mountPath: volume.mountPath, readOnly: true });
    }
    await kubectlWith(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '--validate=strict');
  }

  rolledOut(): Promise<string> {
    return kubectl('rollout', 'status', `deployment/${this.name}`, '--timeout=300s');
  }

  /** Where its service answers. */
  async url(): Promise<string> {
    return `http://${await kubectl('get', 'service', this.name, '-o', 'jsonpath={.spec.clusterIP}')}:8000`;
  }

  pods(): Promise<readonly string[]> {
    return podsOf(this.name);
  }

  /** Looks at a pod until it is as wanted. */
  until(pod: string, isWanted: (state: PodState) => boolean): Promise<PodState> {
    return lookUntil(() => stateOf(pod), isWanted);
  }

  /** A pod of it, as soon as there is one. */
  async firstPod(): Promise<string> {
    const [pod = ''] = await lookUntil(
      () => this.pods(),
      (pods) => pods.length > 0,
    );
    return pod;
  }

  async delete(): Promise<void> {
    const kinds = 'deployment,service,networkpolicy,poddisruptionbudget';
    await kubectl('delete', kinds, this.name, '--ignore-not-found', '--wait=false');
  }
}

interface PodStatus {
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly started?: boolean;
      readonly lastState: { readonly terminated?: { readonly reason: string } };
    }[];
  };
}

async function stateOf(pod: string): Promise<PodState> {
  const { status } = JSON.parse(await kubectl('get', pod, '-o', 'json')) as PodStatus;
  const container = status.containerStatuses?.[0];
  return {
    ip: status.podIP ?? '',
    isReady: status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true,
    isStarted: container?.started === true,
    restarts: container?.restartCount ?? 0,
    ended: container?.lastState.terminated?.reason,
  };
}

/** Runs a shell in a pod, with the server's process id in `$server`. */
export function inPod(pod: string, script: string): Promise<string> {
  return kubectl('exec', pod, '--', 'sh', '-c', `read -r server rest < /proc/1/task/1/children; ${script}`);
}
