import { createCamera } from './camera.js';
import { el } from '../dom.js';
import { createDrawing } from './drawing.js';
import { imageStrip } from './samples.js';

const largestSheet = 64;
/** Images that are taken at once. */
const mostImages = 64;

/**
 * Ways to give images: files (chosen, dropped, pasted), drawing for models of small images, camera, samples.
 * Calls `send([{blob, name, isOwnFile}, ...])` with those given at once, and `onLive(isLive)` when frames of the camera begin and end to follow one another.
 * `dispose` gives back camera and listeners.
 */
export function createImageInput(model, samples, { send, onLive }) {
  const take = (images) => {
    picker.show(images);
    void send(images.slice(0, mostImages));
  };
  const takeFiles = (files) => {
    if (files.length > 0) take([...files].map((blob) => ({ blob, name: blob.name || 'image.png', isOwnFile: true })));
  };
  const picker = createPicker(takeFiles);
  const camera = createCamera({
    onImage: (blob) => take([{ blob, name: 'photo.jpg' }]),
    onFrame: (blob) => send([{ blob, name: 'frame.jpg' }]),
    onLive,
  });
  const modes = [{ title: 'File', element: picker.element }];
  if (isSmall(model))
    modes.unshift({ title: 'Draw', element: createDrawing((blob) => send([{ blob, name: 'drawing.png' }])) });
  modes.push({ title: 'Camera', element: camera.element, enter: camera.start, leave: camera.stop });
  const switcher = createSwitcher(modes);
  const pick = (blob, name) => {
    switcher.choose('File');
    take([{ blob, name }]);
  };
  const pasted = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter(({ type }) => type.startsWith('image/'));
    if (files.length > 0) switcher.choose('File');
    takeFiles(files);
  };
  document.addEventListener('paste', pasted);
  return {
    element: el('div', { class: 'stacked' }, switcher.element, imageStrip(model.name, samples, pick)),
    dispose: () => {
      document.removeEventListener('paste', pasted);
      camera.stop();
    },
  };
}

function isSmall({ properties = {} }) {
  const [width, height] = (properties.image_size ?? '').split('x').map(Number);
  return width <= largestSheet && height <= largestSheet;
}

/** A drop area that is also a file chooser and shows the image taken, or how many. */
function createPicker(onFiles) {
  const preview = el('img', { alt: '', hidden: true });
  const text = el('span', {}, el('strong', {}, 'Choose images'), ' or drop or paste them here');
  const input = el('input', {
    ...{ type: 'file', accept: 'image/*', multiple: true },
    ...{ class: 'unseen', 'aria-label': 'Choose images' },
  });
  const element = el('label', { class: 'drop' }, input, preview, text);
  input.addEventListener('change', () => {
    onFiles([...input.files]);
    input.value = '';
  });
  element.addEventListener('dragover', (event) => {
    event.preventDefault();
    element.classList.add('over');
  });
  element.addEventListener('dragleave', () => element.classList.remove('over'));
  element.addEventListener('drop', (event) => {
    event.preventDefault();
    element.classList.remove('over');
    onFiles([...event.dataTransfer.files]);
  });
  const show = ([first, ...more]) => {
    URL.revokeObjectURL(preview.src);
    Object.assign(preview, { src: URL.createObjectURL(first.blob), alt: first.name, hidden: more.length > 0 });
    text.replaceChildren(el('strong', {}, titleOf(first, more.length)), ' – choose others');
  };
  preview.addEventListener('error', () => (preview.hidden = true));
  return { element, show };
}

function titleOf({ name }, others) {
  if (others === 0) return name;
  const count = others + 1;
  return count > mostImages ? `The first ${mostImages} of ${count} images` : `${count} images`;
}

/** Radio buttons that look like one segmented control, and the panel of the chosen one. */
function createSwitcher(modes) {
  const panel = el('div', { class: 'mode' });
  let current;
  const enter = (mode) => {
    current?.leave?.();
    current = mode;
    panel.replaceChildren(mode.element);
    mode.enter?.();
  };
  const radios = modes.map((mode) => {
    const radio = el('input', { type: 'radio', name: 'mode', value: mode.title, onchange: () => enter(mode) });
    return { mode, radio, label: el('label', {}, radio, el('span', {}, mode.title)) };
  });
  const choose = (title) => {
    const { mode, radio } = radios.find(({ mode }) => mode.title === title);
    if (radio.checked) return;
    radio.checked = true;
    enter(mode);
  };
  choose(modes[0].title);
  const group = el('div', { class: 'segmented', role: 'radiogroup', 'aria-label': 'Where the image comes from' });
  group.append(...radios.map(({ label }) => label));
  return { element: el('div', {}, group, panel), choose };
}
