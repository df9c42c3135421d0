import { el } from '../dom.js';
import { runLive, takeFrame } from './live.js';

/** Why this browser offers no camera here; undefined where it does. */
function cameraObstacle() {
  if (navigator.mediaDevices?.getUserMedia !== undefined) return undefined;
  return 'The browser gives a camera only to pages from https or from this computer (localhost).';
}

/**
 * A camera with a shutter, and a switch that sends its frames one after another. `start` asks for the camera, `stop` gives it back.
 * Calls `onImage(blob)` for a photo, and `onFrame(blob)`, which answers why a frame was refused, while it is live. `onLive(isLive)` hears of both ends.
 */
export function createCamera({ onImage, onFrame, onLive }) {
  const video = el('video', { autoplay: true, muted: true, playsInline: true, hidden: true, 'aria-label': 'Camera' });
  const note = el('p', { class: 'quiet', role: 'status' });
  const rate = el('p', { class: 'quiet rate', hidden: true });
  const shutter = el('button', { type: 'button', class: 'primary', disabled: true }, 'Take photo');
  const live = createLiveSwitch(video, { rate, onFrame, onLive });
  let stream;
  let isWanted = false;
  const stop = () => {
    isWanted = false;
    live.end();
    for (const track of stream?.getTracks() ?? []) track.stop();
    [stream, video.srcObject, video.hidden] = [undefined, null, true];
    [shutter.disabled, live.button.disabled] = [true, true];
  };
  const start = async () => {
    isWanted = true;
    note.textContent = cameraObstacle() ?? 'Waiting for the camera …';
    if (cameraObstacle() !== undefined) return;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
      video.srcObject = stream;
      for (const track of stream.getTracks()) track.addEventListener('ended', () => lose(stop, note));
      if (!isWanted) stop();
    } catch (error) {
      note.textContent = `No camera: ${error.message}. Allow it in the browser, or choose a file instead.`;
    }
  };
  video.addEventListener('loadeddata', () => {
    [video.hidden, shutter.disabled, live.button.disabled, note.textContent] = [false, false, false, ''];
  });
  shutter.addEventListener('click', async () => {
    live.end();
    onImage(await takeFrame(video));
  });
  const buttons = el('div', { class: 'row' }, shutter, live.button);
  return { element: el('div', { class: 'camera' }, video, note, buttons, rate), start, stop };
}

/** The camera was unplugged, or taken back. */
function lose(stop, note) {
  stop();
  note.textContent = 'The camera has gone. Choose Camera again once it is back.';
}

/** A button that begins and ends the live view; `rate` says how fast it goes and, once it has ended, how fast it went. */
function createLiveSwitch(video, { rate, onFrame, onLive }) {
  const button = el('button', { type: 'button', disabled: true }, 'Live');
  let running;
  const show = (isLive) => {
    button.textContent = isLive ? 'Stop' : 'Live';
    onLive(isLive);
  };
  const end = () => {
    if (running === undefined) return;
    running.abort();
    running = undefined;
    show(false);
  };
  button.addEventListener('click', async () => {
    if (running !== undefined) return end();
    const mine = (running = new AbortController());
    [rate.hidden, rate.textContent] = [false, 'Live …'];
    show(true);
    await runLive(video, { ask: onFrame, tell: (text) => (rate.textContent = text), signal: mine.signal });
    if (running === mine) end();
  });
  return { button, end };
}
