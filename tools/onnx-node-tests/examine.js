import { askBinary, askJson } from './ask.js';
import { findDifference, flatten, isNear, judgeOutputs } from './compare.js';

/**
 * What became of one test, stage by stage; a stage without an entry was as it should be.
 * `runtime`: plain ONNX Runtime refuses the model. `run`: it, or its binding, does not run it on the test's inputs. `expected`: it
 * answers something else than the test expects. `load`: the server does not serve what the runtime loads. `json`, `binary`,
 * `company`: the server's answer is refused, or not that of plain ONNX Runtime (of the test, where that gave none); `company` is
 * asked twice at once where the server joins requests. `exact` holds the forms that were answered bit for bit.
 */
export async function examine(test, { plain, server }) {
  const differences = comparePlain(test, plain);
  const entry = server.index.get(test.name);
  const isServed = entry?.state === 'READY';
  if (!isServed && plain.refused === undefined) differences.load = entry?.reason ?? 'it is not in the index';
  const exact = [];
  const judged = isServed ? await judgeServed(test, { plain, server }) : {};
  for (const [form, { difference, isExact }] of Object.entries(judged)) {
    if (difference !== undefined) differences[form] = difference;
    if (isExact) exact.push(form);
  }
  return {
    name: test.name,
    isLoaded: plain.refused === undefined,
    isServed,
    differences,
    judged: Object.keys(judged),
    exact,
  };
}

function comparePlain({ outputs }, plain) {
  if (plain.refused !== undefined) return { runtime: plain.refused };
  if (plain.failed !== undefined) return { run: plain.failed };
  for (const [name, value] of flatten(outputs)) {
    const difference = findDifference(plain.outputs.get(name), value, isNear);
    if (difference !== undefined) return { expected: `output ${name} ${difference}` };
  }
  return {};
}

async function judgeServed(test, { plain, server: { url } }) {
  const [metadata, config] = await Promise.all(
    ['', '/config'].map(async (path) => (await fetch(`${url}/v2/models/${test.name}${path}`)).json()),
  );
  const request = makeRequest(test, metadata);
  const judge = ({ refused, outputs }) =>
    refused === undefined
      ? judgeOutputs(outputs, { plain, expected: test.outputs })
      : { difference: refused, isExact: false };
  const judged = {
    binary: judge(await askBinary(url, test.name, request)),
    json: judge(await askJson(url, test.name, request)),
  };
  if (config.max_batch_size > 0) {
    const both = (await Promise.all([1, 2].map(() => askBinary(url, test.name, request)))).map(judge);
    judged.company =
      both.find(({ difference }) => difference !== undefined) ?? both.find(({ isExact }) => !isExact) ?? both[0];
  }
  return judged;
}

/** The test's inputs by the names and datatypes that the server declares; absent ones are left out. */
function makeRequest({ inputs }, metadata) {
  const given = inputs.filter(({ value }) => value !== undefined);
  return {
    inputs: given.map(({ name, value }) => {
      const datatype = metadata.inputs.find((input) => input.name === name)?.datatype ?? value.datatype;
      return { ...value, name, datatype };
    }),
    outputs: metadata.outputs,
  };
}
