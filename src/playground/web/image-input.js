import { createCamera } from './camera.js';
import { el } from './dom.js';
import { createDrawing } from './drawing.js';
import { imageStrip } from './samples.js';

const largestSheet = 64;

/**
 * Ways to give an image: file (chosen, dropped, pasted), drawing for models of small images, camera, samples.
 * Calls `send({blob, name, isOwnFile})` for each, and `onLive(isLive)` when frames of the camera begin and end to follow one another.
 * `dispose` gives back camera and listeners.
 */
export function createImageInput(model, samples, { send, onLive }) {
  const picker = createPicker((file) => take(file, file.name || 'image.png', true));
  const take = (blob, name, isOwnFile = false) => {
    picker.show(blob, name);
    send({ blob, name, isOwnFile });
  };
  const camera = createCamera({
    onImage: (blob) => take(blob, 'photo.jpg'),
    onFrame: (blob) => send({ blob, name: 'frame.jpg' }),
    onLive,
  });
  const modes = [{ title: 'File', element: picker.element }];
  if (isSmall(model))
    modes.unshift({ title: 'Draw', element: createDrawing((blob) => send({ blob, name: 'drawing.png' })) });
  modes.push({ title: 'Camera', element: camera.element, enter: camera.start, leave: camera.stop });
  const switcher = createSwitcher(modes);
  const pick = (blob, name) => {
    switcher.choose('File');
    take(blob, name);
  };
  const pasted = (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (file !== undefined) pick(file, file.name);
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

/** A drop area that is also a file chooser and shows the image taken. */
function createPicker(onFile) {
  const preview = el('img', { alt: '', hidden: true });
  const text = el('span', {}, el('strong', {}, 'Choose an image'), ' or drop or paste one here');
  const input = el('input', { type: 'file', accept: 'image/*', class: 'unseen', 'aria-label': 'Choose an image' });
  const element = el('label', { class: 'drop' }, input, preview, text);
  input.addEventListener('change', () => {
    if (input.files[0] !== undefined) onFile(input.files[0]);
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
    if (event.dataTransfer.files[0] !== undefined) onFile(event.dataTransfer.files[0]);
  });
  const show = (blob, name) => {
    URL.revokeObjectURL(preview.src);
    Object.assign(preview, { src: URL.createObjectURL(blob), alt: name, hidden: false });
    text.replaceChildren(el('strong', {}, name), ' – choose another');
  };
  preview.addEventListener('error', () => (preview.hidden = true));
  return { element, show };
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
