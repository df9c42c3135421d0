import { el } from '../dom.js';

/** The image that was sent beside what the model saw of it, a PNG in base64. */
export async function seen(preview, blob) {
  const sent = el('img', { alt: 'The image that was sent', src: URL.createObjectURL(blob) });
  const saw = el('img', { alt: 'The image as the model saw it', src: `data:image/png;base64,${preview}` });
  await Promise.allSettled([sent.decode(), saw.decode()]);
  URL.revokeObjectURL(sent.src);
  return el('div', { class: 'seen' }, figure(sent, 'Sent'), figure(saw, 'What the model saw'));
}

function figure(image, title) {
  const { naturalWidth: width, naturalHeight: height } = image;
  // Small inputs are shown large, each pixel as it is.
  if (width > 0 && width < 200) image.classList.add('pixels');
  const size = width > 0 ? `${width} × ${height}` : 'This browser cannot show it.';
  return el('figure', {}, image, el('figcaption', {}, `${title} `, el('span', { class: 'quiet' }, size)));
}
