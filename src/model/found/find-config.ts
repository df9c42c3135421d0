import { messageOf } from '../../errors.js';
import { checkTaskLabels } from '../complete/task-labels.js';
import { completeConfig } from '../complete/complete-config.js';
import { modelJsonSchema, type ModelJson } from '../config-schema.js';
import type { OnnxHeader } from '../config.js';
import { parseStrictly } from '../parse-config.js';
import { findHuggingFace } from './hugging-face.js';
import { findText } from './text.js';
import { findTimm } from './timm.js';
import type { Finding, FindingSubject } from './types.js';
import { findUltraFace } from './ultraface.js';
import { findUltralytics } from './ultralytics.js';

/** model.json with the blocks that exporters' files amount to, where it leaves them out. */
export interface FoundConfig {
  readonly json: ModelJson;
  readonly notes: readonly string[];
}

/**
 * The first source that says something; model.json always wins, block by block, and a task in it over any other task. What does not
 * fit the model is reported and not used.
 */
export function findConfig(json: ModelJson, subject: FindingSubject): FoundConfig {
  const found = sourcesOf(subject);
  const { image, text, ...task } = found.json;
  const hasTask = [json.classification, json.detection, json.segmentation, json.embedding].some(
    (block) => block !== undefined,
  );
  if (json.image !== undefined && hasTask) return { json, notes: [] };
  const kept = {
    ...(json.image === undefined && image !== undefined ? { image } : {}),
    ...(text === undefined ? {} : { text: { ...text, ...json.text } }),
    ...(hasTask ? {} : task),
  };
  const problem = findContradiction(kept, subject.header);
  if (problem !== undefined) return { json, notes: [...found.notes, `None of it is used: ${problem}`] };
  return { json: { ...json, ...kept }, notes: found.notes };
}

function sourcesOf(subject: FindingSubject): Finding {
  const notes: string[] = [];
  for (const find of [findUltralytics, findText, findHuggingFace, findTimm, findUltraFace]) {
    const finding = find(subject);
    notes.push(...finding.notes);
    if (Object.keys(finding.json).length > 0) return { json: finding.json, notes };
  }
  return { json: {}, notes };
}

/** What of the found blocks a model.json could not hold, or does not fit the model, in words. */
function findContradiction(found: Finding['json'], header: OnnxHeader): string | undefined {
  try {
    parseStrictly(JSON.stringify(found), 'what was found', modelJsonSchema);
    const config = completeConfig(found, header, 'cpu');
    const labels = (found.classification ?? found.detection ?? found.segmentation)?.labels;
    if (typeof labels === 'object') checkTaskLabels(config, labels, header);
    return undefined;
  } catch (error) {
    return messageOf(error).replace(/^(model\.json does not fit the model|what was found is wrong): /, '');
  }
}
