import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { modelJsonSchema } from '../../src/model/config-schema.js';

/** Paths of the keys that hold no object. */
function leaves(schema: unknown, path: string): readonly string[] {
  const { entries, wrapped } = schema as { entries?: Readonly<Record<string, unknown>>; wrapped?: unknown };
  if (entries === undefined) return wrapped === undefined ? [path] : leaves(wrapped, path);
  return Object.entries(entries).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

describe('docs/models.md', () => {
  it('explains every key of model.json and none that does not exist', async () => {
    const text = await readFile('docs/models.md', 'utf8');
    const keys = leaves(modelJsonSchema, '').filter((key) => key !== '$schema');
    const rows = text.split('\n').flatMap((line) => /^\| (`[^|]+`) \|/.exec(line)?.[1] ?? []);
    const named = rows.flatMap((cell) => [...cell.matchAll(/`([a-z][a-zA-Z.]*)`/g)].map(([, key]) => key!));
    assert.ok(keys.length > 20);
    assert.deepEqual([...named].sort(), [...keys].sort());
  });
});
