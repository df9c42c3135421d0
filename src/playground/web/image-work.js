import { urlOf } from './api.js';
import { detections } from './result/detections.js';
import { el } from './dom.js';
import { modelPath } from './input/example.js';
import { createImageInput } from './input/image-input.js';
import { pipeline } from './result/pipeline.js';
import { outputs, predictions } from './result/result.js';
import { seen } from './result/seen.js';
import { segmentation } from './result/segmentation.js';
import { createThresholds } from './input/thresholds.js';

/**
 * The input of a model of images: ways to give them, the sliders of a detector, and whether to show what the model saw. Moving one of these sends the
 * last images again. `send(requests)` sends a request for each image, `showCommand` shows how that is typed, and `onLive` hears when a
 * live view begins and ends.
 */
export function createImageWork(model, samples, { send, showCommand, onLive }) {
  const images = samples.filter(({ kind }) => kind === 'picture');
  let [last, isLive] = [undefined, false];
  const path = () => `predictions/${modelPath(model)}${queryOf([...(thresholds?.wishes() ?? []), wantsPreview()])}`;
  const showStart = () => showCommand({ url: urlOf(path()), files: [images[0]?.name ?? 'image.jpg'] });
  const ask = (taken) => {
    last = taken;
    const [{ blob, isOwnFile = false }] = taken;
    const files = taken.map(({ name }) => name);
    showCommand({ url: urlOf(path()), files }, isOwnFile ? undefined : blob);
    const score = thresholds?.score();
    return send(
      taken.map(({ blob: body, name }) => ({
        ...{ path: path(), body, name },
        render: (answer) => renderImage(answer, { blob: body, score }),
      })),
    );
  };
  const again = () => {
    if (last === undefined) showStart();
    else if (!isLive) void ask(last);
  };
  const isDetector = model.properties?.task === 'detection';
  const thresholds = isDetector ? createThresholds(model.properties, again) : undefined;
  const preview = model.properties?.image_input === undefined ? undefined : previewSwitch(again);
  const wantsPreview = () => (preview?.input.checked ? 'preview=true' : undefined);
  const input = createImageInput(model, images, {
    send: ask,
    onLive: (now) => {
      isLive = now;
      onLive(now);
    },
  });
  input.element.append(...[thresholds?.element, preview?.element].filter((part) => part !== undefined));
  showStart();
  return input;
}

const queryOf = (wishes) => {
  const own = wishes.filter((wish) => wish !== undefined);
  return own.length === 0 ? '' : `?${own.join('&')}`;
};

function previewSwitch(onChange) {
  const input = el('input', { type: 'checkbox', id: 'preview', onchange: onChange });
  return { input, element: el('label', { class: 'check', for: 'preview' }, input, 'Show what the model saw') };
}

async function renderImage(answer, sent) {
  const parts = await renderTask(answer, sent);
  return answer.preview === undefined ? parts : [...parts, await seen(answer.preview, sent.blob)];
}

function renderTask(answer, sent) {
  if (answer.results !== undefined) return pipeline(answer, sent);
  if (answer.detections !== undefined) return detections(answer, sent);
  if (answer.segmentation !== undefined) return segmentation(answer, sent);
  if (answer.predictions?.length > 0) return predictions(answer);
  return outputs({ outputs: answer.outputs ?? [] }, {});
}
