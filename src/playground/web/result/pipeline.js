import { detections } from './detections.js';
import { el, milliseconds, percent } from '../dom.js';
import { predictions } from './result.js';
import { segmentation } from './segmentation.js';

/** What each step of a pipeline said of the image: boxes with what later steps say of them, and how long each took and where. */
export async function pipeline(answer, sent) {
  const parts = await Promise.all(
    Object.entries(answer.results).map(async ([name, result]) => [
      el('h3', {}, name),
      ...(await resultOf(result, sent)),
    ]),
  );
  return [...parts.flat(), el('ul', { class: 'facts', 'aria-label': 'Steps' }, answer.steps.map(stepFact))];
}

function resultOf(result, sent) {
  if (result.detections !== undefined) {
    return detections({ ...result, detections: result.detections.map(withNested) }, sent);
  }
  if (result.segmentation?.mask !== undefined) return segmentation(result, sent);
  if (result.predictions?.length > 0) return predictions(result);
  if (result.results !== undefined) return pipeline({ results: result.results, steps: [] }, sent);
  return [el('pre', {}, JSON.stringify(result, undefined, 2))];
}

/** A box whose label has in it what was said of the box. */
function withNested(entry) {
  const said = Object.values(entry.results ?? {}).map(sayShort);
  const own = entry.label ?? `class ${entry.index}`;
  return { ...entry, label: [own, ...said.filter((text) => text !== '')].join(' · ') };
}

function sayShort({ predictions: labels, detections: found, results = {} }) {
  const [best] = labels ?? [];
  if (best !== undefined) return `${best.label ?? `class ${best.index}`} ${percent(best.probability)}`;
  if (found !== undefined) return `${found.length} found`;
  return Object.values(results).map(sayShort).join(' · ');
}

function stepFact({ name, model, url, device, calls, ms, left_out: leftOut = 0, skipped = 0 }) {
  const place = url === undefined ? '' : ` at ${url}`;
  const rest = [leftOut > 0 ? `${leftOut} left out` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(
    (text) => text,
  );
  const facts = [`${calls} of ${model}${place}`, device === undefined ? '' : `on ${device}`, ...rest].filter(
    (text) => text,
  );
  return el('li', {}, el('strong', {}, name), ` ${facts.join(', ')}: ${milliseconds(ms)}`);
}
