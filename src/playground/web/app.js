import { call, hasKey, keepKey, ServerError, urlOf } from './api.js';
import { curlLine } from './curl.js';
import { byId, copyOnClick } from './dom.js';
import { modelPath, tensorPath } from './input/example.js';
import { aboutModel, fetchModel, fetchModels, modelList, obstacleOf, versionChooser } from './models.js';
import { createImageWork } from './image-work.js';
import { emptyResult, failure, footing, outputs } from './result/result.js';
import { fetchSamples } from './input/samples.js';
import { createAnswerList } from './result/several.js';
import { createTensorInput } from './input/tensor-input.js';
import { createTextInput } from './input/text-input.js';
import { textResult } from './result/text-result.js';

/** What is on the page: the models, the chosen one with its version (undefined: the default) and input, and the number of the latest request. */
const page = { models: [], model: undefined, version: undefined, input: undefined, turn: 0, saved: undefined };

const chosenName = () => decodeURIComponent(location.hash.slice(1)) || page.models[0]?.name;

/** Asks for the models again and shows the chosen one. */
async function refresh() {
  try {
    page.models = await fetchModels();
    takeKeyAway();
    showHealth();
    await showChosen();
  } catch (error) {
    showObstacle(error);
  }
}

/** Where the key was typed the focus would be lost: it moves to what the key opened. */
function takeKeyAway() {
  if (byId('key').contains(document.activeElement)) byId('main').focus();
  byId('key').hidden = true;
}

function showHealth() {
  const ready = page.models.filter(({ state }) => state === 'READY').length;
  const all = page.models.length;
  byId('health').className = ready === all ? 'health ready' : 'health not-ready';
  byId('health').textContent = ready === all ? 'Ready' : `${ready} of ${all} models ready`;
}

async function showChosen() {
  const name = chosenName();
  byId('models').replaceChildren(...modelList(page.models, name));
  const entry = page.models.find((model) => model.name === name);
  if (entry === undefined) return showEmpty(name);
  if (entry.state !== 'READY') return close(obstacleOf(entry));
  const version =
    page.version?.of === name && entry.ready.includes(page.version.chosen) ? page.version.chosen : undefined;
  const [metadata, samples] = await Promise.all([fetchModel(name, version), fetchSamples(name)]);
  const model = { ...metadata, version, ready: entry.ready, problem: entry.reason };
  if (name === chosenName() && !isSame(model, page.model)) open(model, samples);
}

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function showEmpty(name) {
  const text = name === undefined ? 'The server has no models yet.' : `The server has no model named ${name}.`;
  close(emptyResult(text));
}

function close(about) {
  page.input?.dispose();
  [page.model, page.input] = [undefined, undefined];
  byId('work').hidden = true;
  byId('about').replaceChildren(...about);
}

function open(model, samples) {
  const chooser = versionChooser(model.ready, model.properties?.version, (chosen) => {
    page.version = { of: model.name, chosen };
    void showChosen().catch(showObstacle);
  });
  close(aboutModel(model, chooser));
  page.model = model;
  page.turn += 1;
  const required = model.inputs.filter(({ optional }) => !optional);
  const isImage = required.length === 1 && model.properties?.image_input === required[0].name;
  const isText = model.properties?.text_input !== undefined;
  const openOther = isText ? openTexts : openTensors;
  page.input = (isImage ? openImage : openOther)(model, samples);
  byId('input').replaceChildren(page.input.element);
  const hint = samples.length > 0 && !isText ? 'Pick a sample, or press Run.' : 'Press Run.';
  show(emptyResult(isImage ? 'Give it an image, or several.' : hint));
  byId('work').hidden = false;
  document.title = `${model.name} · Slipway playground`;
}

/** Answers are read out to those who do not see them, but not many in a second. */
function announce(isLive) {
  byId('result').setAttribute('aria-live', isLive ? 'off' : 'polite');
}

function openImage(model, samples) {
  return createImageWork(model, samples, { send: sendImages, showCommand, onLive: announce });
}

function openTexts(model) {
  const query = model.properties.task === 'embedding' ? '?similarity=true' : '';
  const path = `predictions/${modelPath(model)}${query}`;
  const jsonOf = (texts) => JSON.stringify({ text: texts });
  // Named as JSON: text of no such type is a text itself.
  const bodyOf = (texts) => new Blob([jsonOf(texts)], { type: 'application/json' });
  const input = createTextInput({
    onChange: (texts) => showCommand({ url: urlOf(path), json: jsonOf(texts) }, bodyOf(texts)),
    onRefused: () => refuse('Not sent: there is no text.'),
    send: (texts) => send({ path, body: bodyOf(texts), render: (answer) => textResult(answer, texts) }),
  });
  input.start();
  return input;
}

/** Nothing was sent; what was answered before is not the answer to what stands there now. */
function refuse(text) {
  page.turn += 1;
  show(emptyResult(text));
}

function openTensors(model, samples) {
  const path = tensorPath(model);
  const requests = samples.filter(({ kind }) => kind === 'request');
  const threshold = model.metadata?.score_threshold;
  const onChange = (json) => {
    if (json !== null) showCommand({ url: urlOf(path), json }, new Blob([json], { type: 'application/json' }));
  };
  const input = createTensorInput(model, requests, {
    onChange,
    onRefused: () => refuse('Not sent: the input says what is wrong.'),
    send: ({ json, charted }) => {
      const options = { charted, threshold: threshold === undefined ? undefined : Number(threshold) };
      return send({ path, body: json, render: (answer) => outputs(answer, options) });
    },
  });
  input.start();
  return input;
}

/** Sends a request and shows its answer, unless a later one was sent meanwhile. Answers the error where there is one. */
async function send(request) {
  const turn = (page.turn += 1);
  byId('result').setAttribute('aria-busy', 'true');
  const { parts, refusal } = await outcomeOf(request);
  if (turn === page.turn) show(parts);
  return refusal;
}

/** The same for images, one after another; several are shown in a list, each with its answer as soon as that is there. */
async function sendImages(requests) {
  if (requests.length === 1) return send(requests[0]);
  const turn = (page.turn += 1);
  const list = createAnswerList(requests);
  show(list.parts);
  for (const [at, request] of requests.entries()) {
    list.progress(`${at} of ${requests.length} answered`);
    const { parts, refusal } = await outcomeOf(request);
    if (turn !== page.turn) return refusal;
    list.fill(at, parts);
    if (refusal?.status === 401) return refusal;
  }
  list.progress(`${requests.length} images`);
}

/** What there is to show of a request, and the error where there is one. */
async function outcomeOf(request) {
  try {
    return { parts: await answerOf(request) };
  } catch (error) {
    if (error.status === 401) showObstacle(error);
    else if (!(error instanceof ServerError)) console.error(error);
    return { parts: failure(error), refusal: error };
  }
}

async function answerOf({ path, body, render }) {
  const answer = await call(path, { method: 'POST', body });
  return [...(await render(answer.body)), footing({ ...answer, version: answer.body.model_version })];
}

function show(parts) {
  byId('result').replaceChildren(...parts);
  byId('result').removeAttribute('aria-busy');
}

/** The curl line, and a link to the file that it reads where the page made that file. */
function showCommand(request, blob) {
  const { line, reads } = curlLine({ ...request, withKey: hasKey() });
  byId('curl').textContent = line;
  const save = byId('save');
  if (page.saved !== undefined) URL.revokeObjectURL(page.saved);
  save.hidden = reads === null || blob === undefined;
  page.saved = save.hidden ? undefined : URL.createObjectURL(blob);
  Object.assign(save, save.hidden ? {} : { href: page.saved, download: reads, textContent: `Save ${reads}` });
}

function showObstacle(error) {
  if (!(error instanceof ServerError)) throw error;
  byId('health').className = 'health not-ready';
  byId('health').textContent = { 0: 'No answer', 401: 'Needs a key' }[error.status] ?? `Refused (${error.status})`;
  if (error.status !== 401) return close(failure(error));
  close([]);
  byId('key').hidden = false;
  byId('key-reason').textContent = error.message;
  byId('key-field').focus();
}

copyOnClick(
  byId('copy'),
  () => byId('curl').textContent,
  () => window.getSelection().selectAllChildren(byId('curl')),
);
byId('key').addEventListener('submit', (event) => {
  event.preventDefault();
  keepKey(byId('key-field').value);
  void refresh();
});
// What was to be sent could not be had, such as a sample: the last answer is not the answer to it.
window.addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof ServerError)) return;
  event.preventDefault();
  page.turn += 1;
  show(failure(event.reason));
});
window.addEventListener('hashchange', () => void showChosen().catch(showObstacle));
window.addEventListener('focus', () => void refresh());
await refresh();
