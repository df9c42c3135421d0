import { call } from './api.js';
import { el } from './dom.js';
import { shapeText } from './example.js';

/** Models of the repository by name, each with its best version's state: [{name, state, reason, versions}]. */
export async function fetchModels() {
  const { body } = await call('v2/repository/index', { method: 'POST' });
  const byName = new Map();
  for (const entry of body) byName.set(entry.name, [...(byName.get(entry.name) ?? []), entry]);
  return [...byName].map(([name, entries]) => {
    const best = entries.find(({ state }) => state === 'READY') ?? entries.at(-1);
    return { name, state: best.state, reason: best.reason, versions: entries.map(({ version }) => version) };
  });
}

/** Metadata of a model's default version. */
export async function fetchModel(name) {
  return (await call(`v2/models/${encodeURIComponent(name)}`)).body;
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

/** Name, description and the facts of a model that help to use it. */
export function aboutModel({ name, inputs, outputs, properties = {}, notes = [], problem = '' }) {
  const facts = [...inputs.map((tensor) => ['in', tensor]), ...outputs.map((tensor) => ['out', tensor])].map(
    ([way, tensor]) =>
      el(
        'li',
        {},
        `${way} `,
        el('code', {}, tensor.name),
        ` ${tensor.datatype} ${tensor.unranked ? 'any shape' : shapeText(tensor.shape)}${tensor.optional ? ', optional' : ''}`,
      ),
  );
  const { description, device } = properties;
  const said =
    problem === '' ? notes : [...notes, `The last load failed, what was loaded before serves on: ${problem}`];
  return [
    el('h2', {}, name),
    description ? el('p', { class: 'lead' }, description) : null,
    el('ul', { class: 'facts' }, facts, device ? el('li', {}, 'on ', el('strong', {}, device)) : null),
    said.length > 0
      ? el(
          'ul',
          { class: 'notes', 'aria-label': 'Notes' },
          said.map((note) => el('li', {}, note)),
        )
      : null,
  ].filter((part) => part !== null);
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
