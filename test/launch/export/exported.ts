import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';
import { runLaunch } from '../../support/launch-cli.js';

/** What `launch export` wrote. */
export interface Exported {
  readonly text: string;
  readonly said: string;
  readonly kinds: readonly string[];
  /** A place in the document of a kind: `of('Service', 'spec.ports.*.name')`; `*` stands for every entry of a list. */
  readonly of: (kind: string, path: string) => unknown;
  /** A place in the deployment's container. */
  readonly container: (path: string) => unknown;
  readonly pod: (path: string) => unknown;
  readonly env: (name: string) => unknown;
}

/** Runs `launch export` and reads back what it wrote; fails where it refuses. */
export async function exported(...args: readonly string[]): Promise<Exported> {
  const { code, stdout, stderr } = await runLaunch(['export', ...args]);
  assert.equal(code, 0, stderr);
  const documents = parseAllDocuments(stdout).map((document) => document.toJS() as unknown);
  const of = (kind: string, path: string): unknown =>
    at(
      documents.find((document) => at(document, 'kind') === kind),
      path,
    );
  const pod = (path: string): unknown => of('Deployment', `spec.template.spec.${path}`);
  const container = (path: string): unknown => pod(`containers.0.${path}`);
  const env = (name: string): unknown => {
    const names = container('env.*.name') as readonly string[];
    return container(`env.${names.indexOf(name)}.value`);
  };
  return {
    text: stdout,
    said: stderr,
    kinds: documents.map((document) => String(at(document, 'kind'))),
    of,
    pod,
    container,
    env,
  };
}

/** The value at a path of keys between dots; undefined where there is none. */
export function at(value: unknown, path: string): unknown {
  const [key = '', ...rest] = path.split('.');
  if (key === '*')
    return (value as readonly unknown[]).map((entry) => (rest.length === 0 ? entry : at(entry, rest.join('.'))));
  const inner =
    typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  return rest.length === 0 ? inner : at(inner, rest.join('.'));
}
