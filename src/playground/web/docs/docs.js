import { call, forgetKey, givenKey, keepKey, urlOf } from '../api.js';

/* global SwaggerUIBundle */

/** The description as this reader may see it. A key that no longer opens anything is forgotten. */
async function readDocument() {
  try {
    return (await call('openapi.json')).body;
  } catch (error) {
    if (error.status !== 401) throw error;
    forgetKey();
    return (await call('openapi.json')).body;
  }
}

/** The body that a model has in an operation's examples: as it stands there, or read from its address. */
async function exampleBody(example) {
  if (example?.externalValue === undefined) return JSON.stringify(example?.value, null, 2);
  const root = new URL(urlOf(''));
  return JSON.stringify((await call(new URL(example.externalValue, root).pathname.slice(root.pathname.length))).body);
}

/** With another model another body is shown, which that one answers. */
async function showBodyOf(model, [path, method], system) {
  const content = system.specSelectors.specJson().getIn(['paths', path, method, 'requestBody', 'content']);
  const example = content?.getIn(['application/json', 'examples', model])?.toJS();
  if (example === undefined) return;
  const pathMethod = [path, method];
  const body = { contextType: 'requestBody', contextName: 'requestBody' };
  system.oas3Actions.setRequestContentType({ value: 'application/json', pathMethod });
  system.oas3Actions.setActiveExamplesMember({ name: model, pathMethod, ...body });
  system.oas3Actions.setRequestBodyValue({ value: await exampleBody(example), pathMethod });
}

/** A choice of model, in whichever way the page tells of it. */
const followModel = {
  changeParamByIdentity:
    (change, system) =>
    (...all) => {
      change(...all);
      const [pathMethod, parameter, value] = all;
      if (parameter.get('name') === 'model') void showBodyOf(value, pathMethod, system);
    },
};

/** A key is tried before it is taken: the same text then holds for the playground, and the description is read again with it. */
const takeKey = {
  authorize: (accept, system) => async (given) => {
    keepKey(Object.values(given)[0].value);
    const { body } = await call('openapi.json').catch((error) => ({ body: refuseKey(error, system) }));
    if (body === undefined) return;
    accept(given);
    system.specActions.updateSpec(JSON.stringify(body));
  },
  logout: (accept, system) => async (names) => {
    forgetKey();
    accept(names);
    system.specActions.updateSpec(JSON.stringify(await readDocument()));
  },
};

function refuseKey({ message }, { errActions }) {
  forgetKey();
  errActions.newAuthErr({ authId: 'key', level: 'error', source: 'auth', message });
}

/** The look of the system, now and when it changes. */
function followDark() {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const show = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', show);
  show();
}

followDark();
const spec = await readDocument().catch((error) => {
  document.querySelector('#api').textContent = error.message;
});
if (spec !== undefined) {
  const ui = SwaggerUIBundle({
    ...{ spec, dom_id: '#api', deepLinking: true, validatorUrl: null, tryItOutEnabled: true },
    plugins: [{ statePlugins: { spec: { wrapActions: followModel }, auth: { wrapActions: takeKey } } }],
    onComplete: () => givenKey() !== null && ui.preauthorizeApiKey('key', givenKey()),
  });
}
