import type { Container, Volume, VolumeMount } from 'kubernetes-types/core/v1.js';
import type { ApiMount } from '../../container/spec-types.js';
import { tmpfsBytes } from '../../request/flags/sizes.js';
import type { Deployed, ModelImage } from '../../cluster/deployed.js';

/** Volumes of a pod and where its container sees them. */
export interface Storage {
  readonly volumes: readonly ImageAwareVolume[];
  readonly mounts: readonly VolumeMount[];
  readonly initContainers: readonly Container[];
  /** Where the models lie, if not where the image looks by itself. */
  readonly modelsFolder?: string;
}

/** A volume out of an image (Kubernetes 1.31 and newer), which the published types do not know yet. */
type ImageAwareVolume = Volume & { readonly image?: Readonly<Record<'reference' | 'pullPolicy', string>> };

interface Place {
  readonly volume: ImageAwareVolume;
  readonly mount: VolumeMount;
}

/** Where the image's root is seen, whose `models` a modelcar keeps its models in. */
const imageFolder = '/mnt/model-image';

/** The folders that a container is given: /tmp, those of its mounts, models out of an image, keys. */
export function toStorage({ spec, cluster }: Deployed): Storage {
  const { Mounts, Tmpfs, ShmSize } = spec.body.HostConfig;
  const inMemory = Object.entries(Tmpfs).filter(([path]) => path !== '/tmp');
  const places: readonly Place[] = [
    tmpPlace(Tmpfs['/tmp'] ?? ''),
    ...Mounts.map(toPlace),
    ...inMemory.map(([path, options], index) => memoryPlace(`memory-${index + 1}`, path, tmpfsBytes(options))),
    ...(ShmSize === undefined ? [] : [memoryPlace('shm', '/dev/shm', ShmSize)]),
    ...(cluster.modelImage === undefined ? [] : [imagePlace(cluster.modelImage)]),
    ...(cluster.keysSecret === undefined ? [] : [keysPlace(cluster.keysSecret)]),
  ];
  return {
    volumes: places.map(({ volume }) => volume),
    mounts: places.map(({ mount }) => mount),
    initContainers: cluster.modelImage?.by === 'copy' ? [copier(cluster.modelImage)] : [],
    ...(cluster.modelImage === undefined ? {} : { modelsFolder: `${imageFolder}/models` }),
  };
}

/** On the node's disk unless --tmpfs asks for memory: optimised copies of large models lie there. */
function tmpPlace(options: string): Place {
  if (options !== '') return memoryPlace('tmp', '/tmp', tmpfsBytes(options));
  return { volume: { name: 'tmp', emptyDir: {} }, mount: { name: 'tmp', mountPath: '/tmp' } };
}

function toPlace({ Type, Source, Target, ReadOnly, VolumeOptions, TmpfsOptions }: ApiMount, index: number): Place {
  const name = `volume-${index + 1}`;
  if (Type === 'tmpfs') return memoryPlace(name, Target, TmpfsOptions?.['SizeBytes'] as number | undefined);
  const subPath = VolumeOptions?.['Subpath'] as string | undefined;
  const mount = {
    name,
    mountPath: Target,
    ...(ReadOnly ? { readOnly: true } : {}),
    ...(subPath === undefined ? {} : { subPath }),
  };
  if (Source === undefined) return { volume: { name, emptyDir: {} }, mount };
  return {
    volume: { name, persistentVolumeClaim: { claimName: Source, ...(ReadOnly ? { readOnly: true } : {}) } },
    mount,
  };
}

function memoryPlace(name: string, mountPath: string, sizeBytes: number | undefined): Place {
  const sizeLimit = sizeBytes === undefined ? {} : { sizeLimit: String(sizeBytes) };
  return { volume: { name, emptyDir: { medium: 'Memory', ...sizeLimit } }, mount: { name, mountPath } };
}

function imagePlace({ reference, by }: ModelImage): Place {
  const name = 'models';
  const image = { reference, pullPolicy: 'IfNotPresent' };
  const volume = by === 'copy' ? { name, emptyDir: {} } : { name, image };
  return { volume, mount: { name, mountPath: imageFolder, readOnly: true } };
}

/** What a modelcar's own shell tools copy, where the cluster mounts no images. */
function copier({ reference }: ModelImage): Container {
  return {
    name: 'models',
    image: reference,
    imagePullPolicy: 'IfNotPresent',
    command: ['cp', '-R', '/models', imageFolder],
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    volumeMounts: [{ name: 'models', mountPath: imageFolder }],
  };
}

function keysPlace(secretName: string): Place {
  const name = 'keys';
  return {
    volume: { name, secret: { secretName, defaultMode: 0o440 } },
    mount: { name, mountPath: '/run/secrets/slipway', readOnly: true },
  };
}
