import type { DetectionConfig } from '../../model/tasks/detection-config.js';
import { exampleInputs } from '../../model/example/example.js';
import { suggestImage } from '../../model/found/ultraface.js';
import type { SequenceConfig } from '../../model/config.js';
import { toldShape } from '../../protocol/validate.js';
import type { ModelMetadata } from '../../protocol/types.js';
import type { ServableModel } from '../../repository/types.js';
import { datatypes } from '../../tensor/datatype.js';
import { specOf, type TensorSpec } from '../../tensor/tensor.js';
import { showFileMetadata } from './file-metadata.js';
import { hidePaths } from './private-paths.js';

/** How a model is described. */
export interface DescribeOptions {
  /** Versions that are ready. */
  readonly versions: readonly string[];
  /** The file's own metadata in full length. */
  readonly wholeMetadata: boolean;
}

/**
 * Body of `GET /v2/models/{m}`. `properties` are the server's facts: where the model really runs, and what the page needs to offer.
 * `notes` say what was decided for the model and why.
 * What the file says of itself stands apart in `metadata`: its words may be as old as the export.
 */
export function describeModel(model: ServableModel, options: DescribeOptions): ModelMetadata {
  const described = describeFile(model, {
    ...options,
    facts: {
      device: model.devices.join(','),
      device_evidence: model.placement.evidence,
      provider_reason: hidePaths(model.providerReason),
      weights: hidePaths(model.weights),
      instances: String(model.instances),
    },
  });
  const { maxRows } = model.config.batching;
  return { ...described, inputs: described.inputs.map((input) => ({ ...input, shape: toldShape(input, maxRows) })) };
}

/** What is known of a model that is not loaded. */
export type KnownModel = Pick<
  ServableModel,
  'name' | 'version' | 'description' | 'config' | 'header' | 'inputs' | 'outputs' | 'labels' | 'notes'
>;

/** The same as far as files tell it, with the facts of a server where there is one. */
export function describeFile(
  model: KnownModel,
  { versions, wholeMetadata, facts = {} }: DescribeOptions & { readonly facts?: Readonly<Record<string, string>> },
): ModelMetadata {
  const { metadata, defaultedInputs } = model.header;
  const labels = new Map(model.header.outputs.map((output) => [output.name, output.labels]));
  return {
    name: model.name,
    versions,
    platform: 'onnxruntime_onnx',
    inputs: [
      ...model.inputs.map(specOf),
      ...defaultedInputs.map((spec) => ({ ...specOf(spec), optional: true as const })),
    ],
    outputs: model.outputs.map((spec) => {
      const own = labels.get(spec.name);
      return { ...specOf(spec), ...(own === undefined ? {} : { labels: own }) };
    }),
    properties: propertiesOf(model, facts),
    ...(model.notes.length > 0 ? { notes: model.notes.map(hidePaths) } : {}),
    metadata: wholeMetadata ? metadata : showFileMetadata(metadata),
    ...describeUse(model),
  };
}

/** What helps people to send the model something. */
function describeUse({
  header,
  config,
}: KnownModel): Pick<ModelMetadata, 'dimension_names' | 'examples' | 'suggestion'> {
  const named = [...header.inputs, ...header.defaultedInputs, ...header.outputs].filter(({ dimNames }) =>
    dimNames.some((name) => name !== ''),
  );
  const image = config.image === undefined && config.text === undefined ? suggestImage(header) : undefined;
  return {
    ...(named.length === 0
      ? {}
      : { dimension_names: Object.fromEntries(named.map(({ name, dimNames }) => [name, dimNames])) }),
    examples: Object.fromEntries(exampleInputs(header, config)),
    ...(image === undefined ? {} : { suggestion: { image } }),
  };
}

function propertiesOf(
  { config, header, ...model }: KnownModel,
  facts: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { image, text, classification, detection, segmentation, embedding, sequences, execution } = config;
  return {
    version: model.version,
    ...facts,
    ...(execution.providers.length > 0 ? { requested_providers: execution.providers.join(',') } : {}),
    max_batch_size: String(config.batching.maxRows),
    ...(model.description === '' ? {} : { description: model.description }),
    ...(image === undefined
      ? {}
      : { image_input: image.input, image_size: `${image.resize.width}x${image.resize.height}` }),
    ...(classification === undefined
      ? {}
      : { task: 'classification', classification_output: classification.output, top: String(classification.top) }),
    ...(detection === undefined ? {} : describeDetection(detection)),
    ...(segmentation === undefined
      ? {}
      : { task: 'segmentation', segmentation_form: segmentation.form, segmentation_output: segmentation.output }),
    ...(text === undefined ? {} : { text_input: text.ids, text_max_length: String(text.maxLength) }),
    ...(embedding === undefined
      ? {}
      : {
          task: 'embedding',
          embedding_output: embedding.output,
          embedding_pooling: embedding.pooling,
          embedding_normalize: String(embedding.normalize),
          ...(embedding.dimensions === undefined ? {} : { embedding_dimensions: String(embedding.dimensions) }),
        }),
    ...(sequences === undefined ? {} : describeSequences(sequences)),
    ...(model.labels.length > 0 ? { labels: String(model.labels.length) } : {}),
    ...(header.producer === '' ? {} : { producer: `${header.producer} ${header.producerVersion}`.trim() }),
    opset: String(header.opsets[''] ?? header.opsets['ai.onnx'] ?? ''),
  };
}

function describeSequences({ state, maxIdleMs, maxActive }: SequenceConfig): Readonly<Record<string, string>> {
  return {
    sequence_state: state.map(({ input, output }) => `${output}->${input}`).join(','),
    sequence_max_idle_ms: String(maxIdleMs),
    sequence_max_active: String(maxActive),
  };
}

function describeDetection({
  form,
  outputs,
  score,
  iou,
  max,
  suppress,
  masks,
}: DetectionConfig): Readonly<Record<string, string>> {
  return {
    task: 'detection',
    detection_form: form,
    detection_outputs: Object.values(outputs).join(','),
    score: String(score),
    iou: String(iou),
    suppress,
    max: String(max),
    ...(masks === undefined ? {} : { detection_masks: masks.output }),
  };
}

/** Body of `GET /v2/models/{m}/config`: ModelConfig as proto-JSON, int64 fields as numbers (extension "model_configuration"). */
export function describeConfig({ name, config, ...model }: ServableModel): object {
  const { defaultedInputs } = model.header;
  const { maxRows, maxDelayMs, buckets } = config.batching;
  const { inputs, outputs } = withoutState(model, config.sequences?.state ?? []);
  const dims = ({ shape }: TensorSpec) => (maxRows > 0 ? shape.slice(1) : shape);
  const tensor = (spec: TensorSpec, ownDims: readonly number[]) => ({
    name: spec.name,
    data_type: datatypes[spec.datatype].config,
    dims: ownDims,
  });
  const input = (spec: TensorSpec, ownDims: readonly number[]) =>
    ownDims.length > 0 ? tensor(spec, ownDims) : { ...tensor(spec, [1]), reshape: { shape: [] } };
  const labelled = (spec: TensorSpec) =>
    spec.name === config.classification?.output && typeof config.classification.labels === 'string'
      ? config.classification.labels
      : '';
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: maxRows,
    input: [
      ...inputs.map((spec) => input(spec, dims(spec))),
      ...defaultedInputs.map((spec) => ({ ...input(spec, spec.shape), optional: true })),
    ],
    output: outputs.map((spec) => ({ ...tensor(spec, dims(spec)), label_filename: labelled(spec) })),
    instance_group: [instanceGroup(name, model)],
    default_model_filename: 'model.onnx',
    ...(maxRows > 0
      ? {
          dynamic_batching: {
            preferred_batch_size: buckets,
            max_queue_delay_microseconds: Math.round(maxDelayMs * 1000),
          },
        }
      : {}),
    ...(config.sequences === undefined ? {} : { sequence_batching: sequenceBatching(config.sequences, maxRows) }),
  };
}

/** Triton's clients fill in every input of the configuration: state is told of elsewhere. */
function withoutState(
  { inputs, outputs }: Pick<ServableModel, 'inputs' | 'outputs'>,
  state: SequenceConfig['state'],
): Pick<ServableModel, 'inputs' | 'outputs'> {
  return {
    inputs: inputs.filter(({ name }) => !state.some(({ input }) => input === name)),
    outputs: outputs.filter(({ name }) => !state.some(({ output }) => output === name)),
  };
}

/** ModelSequenceBatching of Triton's model_config.proto. */
function sequenceBatching({ state, maxIdleMs, maxActive }: SequenceConfig, maxRows: number): object {
  return {
    max_sequence_idle_microseconds: maxIdleMs * 1000,
    oldest: { max_candidate_sequences: maxActive },
    state: state.map(({ input, output, datatype, shape }) => ({
      input_name: input,
      output_name: output,
      data_type: datatypes[datatype].config,
      dims: maxRows > 0 ? (shape ?? []).slice(1) : (shape ?? []),
    })),
  };
}

/** `gpus` names those that hold an instance each. */
function instanceGroup(name: string, { devices, instances }: Pick<ServableModel, 'devices' | 'instances'>): object {
  const gpus = devices.flatMap((device) => /^(?:cuda|tensorrt):(\d+)/.exec(device)?.[1] ?? []).map(Number);
  const isOnGpu = devices.some((device) => !device.startsWith('cpu'));
  const count = isOnGpu ? Math.ceil(instances / Math.max(1, gpus.length)) : instances;
  return { name, kind: isOnGpu ? 'KIND_GPU' : 'KIND_CPU', count, ...(gpus.length > 0 ? { gpus } : {}) };
}
