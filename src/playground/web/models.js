import { call } from './api.js';
import { el } from './dom.js';
import { modelPath, ownShape, shapeText } from './input/example.js';

/** Models of the repository by name, each with its best version's state: [{name, state, reason, ready}], `ready` its versions that serve. */
export async function fetchModels() {
  const { body } = await call('v2/repository/index', { method: 'POST' });
  const byName = new Map();
  for (const entry of body) byName.set(entry.name, [...(byName.get(entry.name) ?? []), entry]);
  return [...byName].map(([name, entries]) => {
    const best = entries.find(({ state }) => state === 'READY') ?? entries.at(-1);
    const ready = entries.filter(({ state }) => state === 'READY').map(({ version }) => version);
    return { name, state: best.state, reason: best.reason, ready };
  });
}

/** Metadata of a version of a model, of the default one where none is given. */
export async function fetchModel(name, version) {
  return (await call(`v2/models/${modelPath({ name, version })}`)).body;
}

const stateWords = {
  READY: 'ready',
  LOADING: 'loading',
  UNLOADING: 'unloading',
  UNAVAILABLE: 'not ready',
  UNKNOWN: 'not loaded',
};

/** Links to the models with their states; the chosen one is marked as current. */
export function modelList(models, chosen) {
  return models.map(({ name, state }) => {
    const mark = el('span', { class: `state ${state.toLowerCase()}` }, stateWords[state] ?? state);
    const link = el('a', { href: `#${encodeURIComponent(name)}` }, el('span', {}, name), mark);
    if (name === chosen) link.setAttribute('aria-current', 'page');
    return el('li', {}, link);
  });
}

/** Name, description and the facts of a model that help to use it, with a choice where several versions serve. */
export function aboutModel(model, chooser = null) {
  const { name, properties = {}, notes = [], problem = '' } = model;
  const { description } = properties;
  const said =
    problem === '' ? notes : [...notes, `The last load failed, what was loaded before serves on: ${problem}`];
  return [
    el('div', { class: 'split' }, el('h2', {}, name), chooser),
    description ? el('p', { class: 'lead' }, description) : null,
    el('ul', { class: 'facts' }, tensorFacts(model), serverFacts(properties)),
    said.length > 0
      ? el(
          'ul',
          { class: 'notes', 'aria-label': 'Notes' },
          said.map((note) => el('li', {}, note)),
        )
      : null,
  ].filter((part) => part !== null);
}

function tensorFacts({ inputs, outputs, dimension_names: names = {}, examples }) {
  const own = inputs.map((tensor) => ({ ...tensor, shape: ownShape({ examples }, tensor) }));
  const all = [...own.map((tensor) => ['in', tensor]), ...outputs.map((tensor) => ['out', tensor])];
  return all.map(([way, tensor]) =>
    el(
      'li',
      {},
      `${way} `,
      el('code', {}, tensor.name),
      ` ${tensor.datatype} ${tensor.unranked ? 'any shape' : shapeText(tensor.shape, names[tensor.name])}${tensor.optional ? ', optional' : ''}`,
    ),
  );
}

function serverFacts({ device, opset, producer }) {
  return [
    device ? el('li', {}, 'on ', el('strong', {}, device)) : null,
    opset ? el('li', {}, `opset ${opset}`) : null,
    producer ? el('li', {}, `made by ${producer}`) : null,
  ];
}

/** A choice of the versions that serve; null where there is one. Calls `onChoose(version)`. */
export function versionChooser(versions, chosen, onChoose) {
  if (versions.length < 2) return null;
  const options = versions.map((version) => el('option', { value: version, selected: version === chosen }, version));
  const select = el('select', { id: 'version', onchange: () => onChoose(select.value) }, options);
  return el('label', { class: 'inline', for: 'version' }, 'Version', select);
}

/** Why a model does not serve. */
export function obstacleOf({ name, state, reason }) {
  return [
    el('h2', {}, name),
    el(
      'div',
      { class: 'failure', role: 'alert' },
      el('strong', {}, `This model is ${stateWords[state] ?? state}`),
      el('p', {}, reason || 'The server gives no reason.'),
    ),
  ];
}
