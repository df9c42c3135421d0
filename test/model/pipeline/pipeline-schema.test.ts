import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parsePipeline } from '../../../src/model/pipeline/pipeline-json.js';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly description?: string;
}

const published = readFileSync('docs/pipeline.schema.json', 'utf8');
const schema = JSON.parse(published) as Schema;
const isValid = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema as object);
const stepSchema = schema.properties?.['steps']?.items ?? {};

const isParsed = (value: unknown): boolean => {
  try {
    parsePipeline(JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
};

const keysOf = ({ properties = {} }: Schema): readonly (readonly [string, Schema])[] => Object.entries(properties);
const values: readonly unknown[] = [
  ...[null, true, false, '', 'faces', 'a b', '1', '01', 'KEY', 'http://other:8000', -1, 0, 0.5, 1, 1.5, 10, 10.5, 32],
  ...[33, 256, 257, 10_000, 10_001, 16_384, 16_385, 600_000, 600_001, 1e6, 1e12, [], ['face'], [1], {}, { unknown: 1 }],
];

/** A pipeline with a step that has the value at a key, beside what that key needs. */
function withStep(own: object): object {
  return {
    steps: [
      { name: 'faces', model: 'm' },
      { name: 'next', model: 'm', url: 'http://other:8000', ...own },
    ],
  };
}

describe('docs/pipeline.schema.json', () => {
  it('is made from the rules of pipeline.json and the words of docs/pipelines.md', () => {
    const made = execFileSync(process.execPath, ['tools/model-schema.js', 'pipeline'], { encoding: 'utf8' });
    assert.equal(published, made, 'node tools/model-schema.js pipeline > docs/pipeline.schema.json');
  });

  it('refuses every value of every key that the server refuses by its kind, and takes what it takes', () => {
    const within = (parent: string, wrap: (own: object) => object): readonly [string, (value: unknown) => object][] => {
      const inner = parent === '' ? stepSchema : (stepSchema.properties?.[parent] ?? {});
      return keysOf(inner).map(([key]) => [`${parent}.${key}`, (value) => withStep(wrap({ [key]: value }))]);
    };
    const all = [
      ...within('', (own) => own),
      ...within('crop', (own) => ({ crop: { of: 'faces', ...own } })),
      ...within('options', (own) => ({ options: own })),
    ];
    assert.equal(all.length, 18);
    // The server alone knows which steps there are, and which texts are addresses.
    const beyond = new Set(['.url', '.name', 'crop.of']);
    for (const [key, put] of all) {
      const verdicts = values.map((value) => [isValid(put(value)), isParsed(put(value))] as const);
      for (const [n, [editor, server]] of verdicts.entries()) {
        if (beyond.has(key)) assert.ok(editor || !server, `${key}: ${JSON.stringify(values[n])}`);
        else assert.equal(editor, server, `${key}: ${JSON.stringify(values[n])}`);
      }
      assert.ok(
        verdicts.some(([editor]) => !editor),
        key,
      );
    }
  });

  it('refuses unknown keys, no steps and more than 32', () => {
    const step = (n: number) => ({ name: `s${n}`, model: 'm' });
    const many = (count: number) => ({ steps: Array.from({ length: count }, (_, n) => step(n)) });
    for (const [value, isRight] of [
      [many(32), true],
      [many(33), false],
      [many(0), false],
      [{ ...many(1), unknown: 1 }, false],
      [withStep({ unknown: 1 }), false],
      [withStep({ crop: { of: 'faces', unknown: 1 } }), false],
      [{ ...many(1), $schema: 'pipeline.schema.json', description: 'faces' }, true],
    ] as const)
      assert.deepEqual([isValid(value), isParsed(value)], [isRight, isRight], JSON.stringify(value).slice(0, 80));
  });

  it('explains every key of a step that holds no object', () => {
    const dumb = [...keysOf(stepSchema), ...keysOf(stepSchema.properties?.['crop'] ?? {})].filter(
      ([, { properties, description }]) => properties === undefined && description === undefined,
    );
    assert.deepEqual(dumb, []);
  });

  it('takes the pipeline.json of the examples', () => {
    const text = readFileSync('examples/pipeline/combined/faces-and-masks/pipeline.json', 'utf8');
    parsePipeline(text);
    assert.ok(isValid(JSON.parse(text)), JSON.stringify(isValid.errors));
  });
});
