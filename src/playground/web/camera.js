import { el } from './dom.js';

/** Why this browser offers no camera here; undefined where it does. */
function cameraObstacle() {
  if (navigator.mediaDevices?.getUserMedia !== undefined) return undefined;
  return 'The browser gives a camera only to pages from https or from this computer (localhost).';
}

/** A live view with a shutter. `start` asks for the camera, `stop` gives it back. Calls `onImage(blob)`. */
export function createCamera(onImage) {
  const video = el('video', { autoplay: true, muted: true, playsInline: true, hidden: true, 'aria-label': 'Camera' });
  const note = el('p', { class: 'quiet', role: 'status' });
  const shutter = el('button', { type: 'button', class: 'primary', disabled: true }, 'Take photo');
  let stream;
  let isWanted = false;
  const stop = () => {
    isWanted = false;
    for (const track of stream?.getTracks() ?? []) track.stop();
    [stream, video.srcObject, video.hidden, shutter.disabled] = [undefined, null, true, true];
  };
  const start = async () => {
    isWanted = true;
    note.textContent = cameraObstacle() ?? 'Waiting for the camera …';
    if (cameraObstacle() !== undefined) return;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
      video.srcObject = stream;
      if (!isWanted) stop();
    } catch (error) {
      note.textContent = `No camera: ${error.message}. Allow it in the browser, or choose a file instead.`;
    }
  };
  video.addEventListener('loadeddata', () => {
    [video.hidden, shutter.disabled, note.textContent] = [false, false, ''];
  });
  shutter.addEventListener('click', () => {
    const frame = el('canvas', { width: video.videoWidth, height: video.videoHeight });
    frame.getContext('2d').drawImage(video, 0, 0);
    frame.toBlob((blob) => onImage(blob), 'image/jpeg', 0.92);
  });
  return { element: el('div', { class: 'camera' }, video, note, shutter), start, stop };
}
