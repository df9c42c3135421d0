import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

interface Step {
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const workflow = parse(readFileSync('.github/workflows/ci.yml', 'utf8')) as Workflow;
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const contributing = readFileSync('CONTRIBUTING.md', 'utf8');

/** The variables that make a suite fail where it cannot run, as the suites read them. */
const demanded = new Set(
  readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(`test/${name}`, 'utf8').matchAll(/process\.env\['(REQUIRE_\w+)'\]/g)])
    .map(([, name]) => name ?? ''),
);

describe('what contributors are told', () => {
  it('names only scripts that package.json has, in the workflow and in CONTRIBUTING', () => {
    const commands = [...steps.map(({ run = '' }) => run), contributing].join('\n');
    const named = [...commands.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '');
    assert.ok(named.length >= 10);
    assert.deepEqual(
      named.filter((name) => scripts[name] === undefined),
      [],
    );
  });

  it('names the variable of every suite', () => {
    assert.ok(demanded.size >= 4);
    for (const name of demanded) assert.ok(contributing.includes(`\`${name}=1\``), name);
  });

  it('has every suite in the workflow demanded, the GPU and the cluster apart, which a runner has not', () => {
    const set = new Set(steps.flatMap(({ env = {} }) => Object.keys(env)));
    assert.deepEqual([...demanded].filter((name) => !set.has(name)).sort(), ['REQUIRE_GPU', 'REQUIRE_KUBERNETES']);
  });

  it('points to recipes and records that exist', () => {
    const records = readdirSync('docs/decisions').filter((name) => /^\d{3}-/.test(name));
    const table = readFileSync('docs/decisions/README.md', 'utf8');
    for (const name of records) {
      assert.ok(table.includes(`(${name})`), name);
      const text = readFileSync(`docs/decisions/${name}`, 'utf8');
      assert.match(text, /^# \d{3} .+\n\n\d{4}-\d\d-\d\d/, name);
      for (const heading of ['Decision', 'What forces it', 'Rejected', 'Consequences']) {
        assert.ok(text.includes(`## ${heading}\n`) || name.endsWith('by-hand.md'), `${name}: ${heading}`);
      }
    }
  });
});
