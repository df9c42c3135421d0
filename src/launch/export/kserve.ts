import { AppError } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import { isScaled, type Deployed } from '../cluster/deployed.js';
import { metadataOf } from './kubernetes/manifests.js';
import { settingsOf, toPod } from './kubernetes/pod.js';
import { queueQuery } from './kubernetes/scaling.js';
import { forKserve } from '../cluster/reader-escapes.js';
import { settingOf } from '../cluster/server-settings.js';

/** Where KServe puts a model, and what links in it lead to for `pvc://`. */
const modelsFolder = '/mnt/models';
const claimFolder = '/mnt/pvc';

/** A runtime that serves ONNX models of any name, and one service that runs on it. */
export function toKserve(deployed: Deployed): readonly object[] {
  const metadata = metadataOf(deployed);
  return [toRuntime(deployed, metadata), toInferenceService(deployed, metadata)];
}

function toRuntime(deployed: Deployed, metadata: ReturnType<typeof metadataOf>): object {
  const { container, pod } = toPod(withoutStorage(deployed), forKserve);
  const isSaid = (name: string): boolean => settingOf(deployed.spec, name) !== undefined;
  const { imagePullSecrets, nodeSelector, tolerations, volumes } = pod;
  const grpc = isSaid('grpc-port') ? ['grpc-v2'] : [];
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { ...metadata, name: runtimeName(deployed) },
    spec: {
      supportedModelFormats: [{ name: 'onnx', version: '1', autoSelect: true, priority: 1 }],
      protocolVersions: ['v2', 'v1', ...grpc],
      multiModel: false,
      containers: [
        {
          ...container,
          name: 'kserve-container',
          // KServe fills in the service's name, under which its callers ask for the model.
          args: [...(container.args ?? []), ...(isSaid('model-name') ? [] : ['--model-name', '{{.Name}}'])],
          env: [
            ...(container.env ?? []),
            ...(isSaid('models') ? [] : [{ name: 'SLIPWAY_MODELS', value: modelsFolder }]),
            ...(isSaid('allow-links-to') ? [] : [{ name: 'SLIPWAY_ALLOW_LINKS_TO', value: claimFolder }]),
            // The gateway in front decides which names are served; it passes them on.
            ...(isSaid('allow-host') ? [] : [{ name: 'SLIPWAY_ALLOW_HOST', value: '*' }]),
          ],
          ports: [{ name: 'http1', containerPort: settingsOf(deployed).port, protocol: 'TCP' }],
        },
      ],
      volumes,
      ...omitUndefined({ imagePullSecrets, nodeSelector, tolerations }),
    },
  };
}

function toInferenceService(deployed: Deployed, metadata: ReturnType<typeof metadataOf>): object {
  const { cluster } = deployed;
  const { pod } = toPod(withoutStorage(deployed));
  const { securityContext, automountServiceAccountToken, enableServiceLinks, terminationGracePeriodSeconds } = pod;
  const autoscalerClass = isScaled(cluster) ? cluster.scaler : 'none';
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      ...metadata,
      annotations: {
        'serving.kserve.io/deploymentMode': 'RawDeployment',
        'serving.kserve.io/autoscalerClass': autoscalerClass,
      },
    },
    spec: {
      predictor: {
        minReplicas: cluster.replicas,
        maxReplicas: Math.max(cluster.replicas, cluster.maxReplicas ?? 0),
        ...toScaling(deployed),
        ...{ securityContext, automountServiceAccountToken, enableServiceLinks, terminationGracePeriodSeconds },
        model: {
          modelFormat: { name: 'onnx' },
          protocolVersion: 'v2',
          runtime: runtimeName(deployed),
          storageUri: storageUriOf(deployed),
        },
      },
    },
  };
}

/** By the seconds of work that wait with KEDA, which can ask Prometheus; by CPU time with KServe's own autoscaler. */
function toScaling({ cluster }: Deployed): object {
  if (!isScaled(cluster)) return {};
  if (cluster.scaler === 'hpa') return { scaleMetric: 'cpu', scaleTarget: 70 };
  const metric = { backend: 'prometheus', serverAddress: cluster.prometheusUrl, query: queueQuery(cluster) };
  const target = { type: 'AverageValue', averageValue: `${cluster.queueTargetMs}m` };
  return { autoScaling: { metrics: [{ type: 'External', external: { metric, target } }] } };
}

function runtimeName({ cluster }: Deployed): string {
  return `${cluster.name}-onnx`;
}

/** The model's place as KServe is told it; a claim's mount and an image have addresses of their own. */
function storageUriOf({ spec, cluster }: Deployed): string {
  const claims = spec.body.HostConfig.Mounts.filter(({ Type, Source }) => Type === 'volume' && Source !== undefined);
  const uris = [
    ...(cluster.storageUri === undefined ? [] : [cluster.storageUri]),
    ...(cluster.modelImage === undefined ? [] : [`oci://${cluster.modelImage.reference}`]),
    ...claims.map(({ Source = '', VolumeOptions }) => {
      const folder = VolumeOptions?.['Subpath'] as string | undefined;
      return `pvc://${Source}${folder === undefined ? '' : `/${folder}`}`;
    }),
  ];
  const [uri] = uris;
  if (uri !== undefined && uris.length === 1) return uri;
  const found = uris.length === 0 ? 'none is named' : `these are named: ${uris.join(', ')}`;
  throw new AppError(
    'USAGE',
    `KServe serves models from one place, and ${found}. Type --storage-uri s3://bucket/model, --model-image IMAGE, or one --mount of a claim.`,
  );
}

/** KServe mounts the models itself. */
function withoutStorage(deployed: Deployed): Deployed {
  const { spec, cluster } = deployed;
  const { HostConfig } = spec.body;
  const Mounts = HostConfig.Mounts.filter(({ Type }) => Type !== 'volume');
  const body = { ...spec.body, HostConfig: { ...HostConfig, Mounts } };
  return { ...deployed, spec: { ...spec, body }, cluster: { ...cluster, modelImage: undefined } };
}
