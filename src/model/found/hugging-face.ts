import { describeValue } from '../complete/contradiction.js';
import type { OnnxHeader } from '../config.js';
import { activationOf, readId2label } from './classes.js';
import { findImageInput } from './image-input.js';
import { parseObject, type Json } from './json.js';
import { readImage } from './processor.js';
import { nothingFound, type Finding, type FindingSubject } from './types.js';

const refusedOf = (what: string): Finding => ({ json: {}, notes: [`Found in config.json, not used: ${what}.`] });

/** Detectors of Hugging Face whose classes are independent of each other; DETR and YOLOS have a class for nothing. */
const independent =
  /^(ConditionalDetr|DeformableDetr|RTDetr|RTDetrV2|DFine|DabDetr|LwDetr|RfDetr|Deimv2)ForObjectDetection$/;
const withNothing = /^(Detr|Yolos|TableTransformer)ForObjectDetection$/;

/** A folder as Hugging Face's exporters write it: `config.json` and `preprocessor_config.json`. */
export function findHuggingFace({ header, companions }: FindingSubject): Finding {
  const config = parseObject(companions.get('config.json'));
  const [architecture] = Array.isArray(config?.['architectures']) ? (config['architectures'] as unknown[]) : [];
  if (config === undefined || typeof architecture !== 'string') return nothingFound;
  const task = readTask(architecture, config, header);
  if (task === undefined) return nothingFound;
  if ('notes' in task) return task;
  const processor = parseObject(companions.get('preprocessor_config.json'));
  const input = findImageInput(header, { isImage: processor !== undefined && (config['num_channels'] ?? 3) === 3 });
  const image =
    processor === undefined || input === undefined ? undefined : readImage({ processor, architecture }, input);
  const imageNotes =
    processor === undefined
      ? ['There is no preprocessor_config.json, so it takes no images: give "image" in model.json.']
      : typeof image === 'string' || image === undefined
        ? [
            `Found in preprocessor_config.json, not used: ${image ?? 'no single input takes an image'}. Give "image" in model.json.`,
          ]
        : [`Found in preprocessor_config.json: how images are prepared (${image.what}).`, ...image.notes];
  const json = { ...task.json, ...(typeof image === 'object' ? { image: image.json } : {}) };
  return { json, notes: [`Found in config.json: ${architecture}, ${task.what}.`, ...imageNotes] };
}

interface Task {
  readonly json: Pick<Finding['json'], 'classification' | 'detection' | 'segmentation'>;
  readonly what: string;
}

function readTask(architecture: string, config: Json, header: OnnxHeader): Task | Finding | undefined {
  const labels = readId2label(config['id2label'], header.outputs[0]?.shape[1]);
  if (architecture.endsWith('ForImageClassification')) {
    if (labels === undefined) return refusedOf('its id2label is not a list of labels from 0 on');
    const [output] = header.outputs;
    if (output?.shape.length !== 2 || (output.shape[1] !== -1 && output.shape[1] !== labels.length)) {
      const what = output === undefined ? 'there is no output' : describeValue('output', output);
      return refusedOf(`${labels.length} labels, but ${what}`);
    }
    const activation = activationOf(config, labels.length);
    return {
      json: { classification: { output: output.name, activation, labels } },
      what: `classification of ${labels.length} classes`,
    };
  }
  if (architecture.endsWith('ForSemanticSegmentation')) return readSegments(labels, header);
  const isIndependent = independent.test(architecture);
  if (!isIndependent && !withNothing.test(architecture)) return undefined;
  if (labels === undefined) return refusedOf('its id2label is not a list of labels from 0 on');
  const logits = header.outputs.find(({ name }) => name === 'logits');
  const boxes = header.outputs.find(({ name }) => name === 'pred_boxes');
  const classes = labels.length + (isIndependent ? 0 : 1);
  const size = logits?.shape.at(-1) ?? 0;
  if (logits?.shape.length !== 3 || boxes?.shape.at(-1) !== 4 || (size !== -1 && size !== classes)) {
    return refusedOf(
      `${architecture} has 'pred_boxes' [N,K,4] and 'logits' [N,K,${classes}], which the model does not have`,
    );
  }
  const activation = isIndependent ? 'sigmoid' : 'softmax';
  const detection = { form: 'detr', boxes: boxes.name, scores: logits.name, activation, labels } as const;
  return { json: { detection }, what: `detection of ${labels.length} classes` };
}

/** Scores of each class at each place: SegFormer, UperNet, BEiT, DPT and their kind. */
function readSegments(labels: string[] | undefined, { outputs }: OnnxHeader): Task | Finding {
  if (labels === undefined) return refusedOf('its id2label is not a list of labels from 0 on');
  const logits = outputs.find(({ name }) => name === 'logits');
  const classes = logits?.shape[1];
  if (logits?.shape.length !== 4 || (classes !== -1 && classes !== labels.length)) {
    const what = logits === undefined ? "there is no output 'logits'" : describeValue('output', logits);
    return refusedOf(`${labels.length} labels, but ${what}`);
  }
  const segmentation = { form: 'scores', output: logits.name, layout: 'NCHW', labels } as const;
  return { json: { segmentation }, what: `segmentation into ${labels.length} classes` };
}
