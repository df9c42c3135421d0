// Prints docs/model.schema.json or docs/pipeline.schema.json, by which editors check and explain a model.json or a pipeline.json: the rules
// are those of the server, the words those of the tables in docs/models.md and docs/pipelines.md. To be run after a change of either:
// node tools/model-schema.js model > docs/model.schema.json; node tools/model-schema.js pipeline > docs/pipeline.schema.json
import { toJsonSchema } from '@valibot/to-json-schema';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { buildIfStale } from './build.js';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Meaning and default of each key by its path, of rows such as "| `image.scale` | 1/255 | factor on pixels |"; a row may name several keys. */
function readMeanings(markdown) {
  const rows = markdown.split('\n').flatMap((line) => {
    const [, names, fallback, meaning] =
      /^\| (`[^|]+`) \| ([^|]*) \| ([^|]*) \|$/.exec(line.replaceAll('\\|', '¦')) ?? [];
    const keys = [...(names ?? '').matchAll(/`([a-z][a-zA-Z.]*)`/g)].map(([, key]) => key);
    return keys.map((key) => [key, `${plain(meaning)}. Default: ${plain(fallback)}.`]);
  });
  return new Map(rows);
}

const plain = (text) =>
  text
    .replaceAll('¦', '|')
    .replaceAll(/ ?\(?\[[^\]]*\]\([^)]*\)\)?/g, '')
    .replaceAll('`', '')
    .trim();

/** The schema with a description at each key that has one. */
function describe(schema, meanings, path = '') {
  const description = meanings.get(path);
  const properties = Object.entries(schema.properties ?? {}).map(([key, inner]) => [
    key,
    describe(inner, meanings, path === '' ? key : `${path}.${key}`),
  ]);
  return {
    ...(description === undefined ? {} : { description }),
    ...schema,
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    // What a list holds is explained by the same rows.
    ...(schema.items?.properties === undefined ? {} : { items: describe(schema.items, meanings) }),
  };
}

const kinds = {
  model: {
    rules: async () => (await import('../dist/src/model/config-schema.js')).modelJsonSchema,
    page: 'docs/models.md',
  },
  pipeline: {
    rules: async () => (await import('../dist/src/model/pipeline/pipeline-json.js')).pipelineJsonSchema,
    page: 'docs/pipelines.md',
  },
};

const [name] = process.argv.slice(2);
const kind = kinds[name];
if (kind === undefined) throw new Error(`node tools/model-schema.js ${Object.keys(kinds).join('|')}`);
await buildIfStale();
// JSON has no infinite numbers.
const rules = toJsonSchema(await kind.rules(), {
  typeMode: 'input',
  target: 'draft-2020-12',
  ignoreActions: ['finite'],
});
const { $schema, ...rest } = describe(rules, readMeanings(await readFile(at(kind.page), 'utf8')));
const whole = { $schema, title: `${name}.json of Slipway`, description: `${kind.page} explains each key.`, ...rest };
const filepath = at(`docs/${name}.schema.json`);
process.stdout.write(await format(JSON.stringify(whole), { ...(await resolveConfig(filepath)), filepath }));
