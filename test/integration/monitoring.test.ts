import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { sumAndDifference } from '../support/models.js';
import { serveFor } from '../support/server.js';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
}

const alerts = parse(await readFile('docs/monitoring/alerts.yaml', 'utf8')) as Rules;
const dashboard = JSON.parse(await readFile('docs/monitoring/dashboard.json', 'utf8')) as Dashboard;
const rules = alerts.groups.flatMap((group) => group.rules);
const queries = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
];

/** Metrics that a query names, with the labels that it asks them for. */
function namesIn(query: string): readonly (readonly [metric: string, labels: readonly string[]])[] {
  return [...query.matchAll(/\b((?:slipway|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', inside = '']) => {
      const labels = [...inside.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => label);
      return [metric, labels.filter((label) => label !== 'job')];
    },
  );
}

describe('the dashboard and the alerts', () => {
  it('name no metric and no label that the server does not have', async (context) => {
    const { url } = await serveFor(context, { models: [{ name: 'sums', graph: sumAndDifference }] });
    const data = Array.from({ length: 16 }, () => 1);
    const inputs = ['A', 'B'].map((name) => ({ name, datatype: 'INT32', shape: [1, 16], data }));
    const answer = await fetch(`${url}/v2/models/sums/infer`, { method: 'POST', body: JSON.stringify({ inputs }) });
    assert.equal(answer.status, 200);
    const text = await (await fetch(`${url}/metrics`)).text();
    const known = new Set(
      [...text.matchAll(/^# TYPE (\w+) (\w+)/gm)].flatMap(([, name = '', kind]) =>
        kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const named = queries.flatMap(namesIn);
    assert.ok(named.length > 30);
    assert.deepEqual(
      named.map(([metric]) => metric).filter((metric) => !known.has(metric)),
      [],
    );
    // What has samples on this machine, without a GPU and a crash, has the labels too.
    for (const [metric, labels] of named) {
      const sample = new RegExp(`^${metric}\\{([^}]*)\\}`, 'm').exec(text)?.[1];
      if (sample === undefined) continue;
      for (const label of labels) assert.match(sample, new RegExp(`(^|,)${label}="`), `${metric}{${label}}`);
    }
  });

  it('have names that are theirs alone, and panels that do not lie on each other', () => {
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    const cells = dashboard.panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => ({ title, cell: `${x + (at % w)},${y + Math.floor(at / w)}` })),
    );
    assert.ok(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24));
    assert.equal(new Set(cells.map(({ cell }) => cell)).size, cells.length);
  });
});
