import { call, keepKey, ServerError } from '../api.js';
import { byId, el, percent } from '../dom.js';
import { readFrames } from './frames.js';

const [pollMs, retryMs] = [1000, 2000];

/** What is on the page: the streams, the chosen one, and what ends the reading of its frames. */
const page = { streams: [], chosen: undefined, reading: undefined, isPaused: false };

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks how the streams do, again and again. */
async function follow() {
  for (;;) {
    await refresh().catch(showObstacle);
    await wait(pollMs);
  }
}

async function refresh() {
  const { streams } = (await call('streams')).body;
  page.streams = streams;
  byId('key').hidden = true;
  byId('none').hidden = streams.length > 0;
  byId('none').textContent =
    'This server shows no streams. Start it with --stream NAME=SOURCE, as docs/stream.md describes.';
  showHealth(`${streams.length} ${streams.length === 1 ? 'stream' : 'streams'}`, true);
  showChoice();
  const wanted = decodeURIComponent(location.hash.slice(1));
  const chosen = streams.find(({ name }) => name === wanted) ?? streams[0];
  byId('view').hidden = chosen === undefined;
  if (chosen === undefined) return;
  showState(chosen);
  if (chosen.name !== page.chosen) watch(chosen.name);
}

function showHealth(text, isReady) {
  byId('health').className = isReady ? 'health ready' : 'health not-ready';
  byId('health').textContent = text;
}

/** A radio button for each stream, where there are several; made anew only when there are others. */
function showChoice() {
  const names = page.streams.map(({ name }) => name);
  byId('choice').hidden = names.length < 2;
  if (byId('choice').dataset.names === JSON.stringify(names)) return;
  byId('choice').dataset.names = JSON.stringify(names);
  const radios = names.map((name) => {
    const choose = () => {
      location.hash = encodeURIComponent(name);
      void refresh().catch(showObstacle);
    };
    const isChosen = name === (decodeURIComponent(location.hash.slice(1)) || names[0]);
    const radio = el('input', { type: 'radio', name: 'stream', value: name, checked: isChosen, onchange: choose });
    return el('label', {}, radio, el('span', {}, name));
  });
  byId('choice').replaceChildren(...radios);
}

function showState({ name, model, source, state, reason, answer = {}, ...counts }) {
  const text = `${source} through ${model}: ${page.isPaused ? 'paused' : state}${reason === undefined ? '' : ` (${reason})`}`;
  // Read out when it changes, not every second.
  if (byId('state').textContent !== text) byId('state').textContent = text;
  const { frames_per_second: rate, latency_ms: latency, frames, dropped, watchers } = counts;
  byId('rate').textContent =
    `${rate} frames per second, ${latency} ms to the answer; ${frames} frames, ${dropped} dropped, ${watchers} watching`;
  const found = answer.detections ?? answer.predictions ?? answer.segmentation?.classes ?? [];
  byId('found').replaceChildren(...found.map(entry));
  byId('found').hidden = found.length === 0;
  byId('frame').alt = `${name}: ${source} through ${model}`;
}

function entry({ label, index, score, probability, share }) {
  const value = score ?? probability ?? share;
  const fill = el('span', { class: `fill tone-${index % 8}` });
  fill.style.width = `${Math.max(0.4, Math.min(1, value) * 100)}%`;
  return el(
    'li',
    {},
    el('span', { class: 'label' }, label ?? `class ${index}`),
    el('span', { class: 'bar', 'aria-hidden': 'true' }, fill),
    el('span', { class: 'number' }, percent(value)),
  );
}

/** Shows the frames of a stream until another is chosen. A stream that breaks off is asked for again. */
async function watch(name) {
  page.reading?.abort();
  const mine = (page.reading = new AbortController());
  page.chosen = name;
  while (!mine.signal.aborted && !page.isPaused) {
    await readFrames(name, { onFrame: showFrame, signal: mine.signal }).catch((error) => {
      if (!mine.signal.aborted) showHealth(error instanceof ServerError ? error.message : 'No answer', false);
    });
    if (!mine.signal.aborted) await wait(retryMs);
  }
}

function showFrame(blob) {
  const frame = byId('frame');
  const before = frame.src;
  frame.src = URL.createObjectURL(blob);
  if (before !== '') URL.revokeObjectURL(before);
}

function showObstacle(error) {
  if (!(error instanceof ServerError)) throw error;
  showHealth(error.status === 401 ? 'Needs a key' : 'No answer', false);
  if (error.status !== 401) return;
  page.reading?.abort();
  page.chosen = undefined;
  byId('view').hidden = true;
  byId('key').hidden = false;
  byId('key-reason').textContent = error.message;
}

byId('key').addEventListener('submit', (event) => {
  event.preventDefault();
  keepKey(byId('key-field').value);
  byId('key-field').value = '';
  void refresh().catch(showObstacle);
});
byId('pause').addEventListener('click', () => {
  page.isPaused = !page.isPaused;
  byId('pause').textContent = page.isPaused ? 'Go on' : 'Pause';
  if (page.isPaused) page.reading?.abort();
  else void watch(page.chosen);
});
window.addEventListener('hashchange', () => void refresh().catch(showObstacle));
void follow();
