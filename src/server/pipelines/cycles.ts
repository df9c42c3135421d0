import { mostHops } from './remote/trail.js';
import { mostCalls, type FoundPipeline, type Pipeline } from './types.js';

type Pipelines = ReadonlyMap<string, Pipeline>;
type SelfCheck = (url: string) => boolean;

/** How far a pipeline leads: pipelines one inside the other, and calls for one image that shows one box at every step. */
interface Extent {
  readonly depth: number;
  readonly calls: number;
}

/** What one look at the disk found, and where the steps of each pipeline lead. */
export class PipelineGraph {
  readonly byName: ReadonlyMap<string, FoundPipeline>;
  readonly configured: Pipelines;
  readonly #isSelf: SelfCheck;
  readonly #extents = new Map<string, Extent>();
  readonly #tangles = new Map<string, string | undefined>();

  constructor(found: readonly FoundPipeline[], isSelf: SelfCheck) {
    this.byName = new Map(found.map((one) => [one.name, one]));
    this.configured = new Map(found.flatMap((one) => ('config' in one ? [[one.name, one]] : [])));
    this.#isSelf = isSelf;
  }

  /** Why no request comes to the end of a pipeline's steps: a circle, too many pipelines one inside the other, or too many calls. Looked for once. */
  tangleOf(name: string): string | undefined {
    if (!this.#tangles.has(name)) this.#tangles.set(name, this.#findTangle(name));
    return this.#tangles.get(name);
  }

  #findTangle(name: string): string | undefined {
    if (!this.configured.has(name)) return undefined;
    const circle = walk(name, this.#extents, (one) => stepsOf(one, this.configured, this.#isSelf));
    if (circle !== undefined) return `its steps form a cycle: ${formatCircle(circle)}`;
    const { depth = 0, calls = 0 } = this.#extents.get(name) ?? {};
    if (depth <= mostHops && calls > mostCalls) {
      return `its steps and those of the pipelines among them come to ${calls} calls for one image: at most ${mostCalls} are made`;
    }
    if (depth <= mostHops) return undefined;
    return `its steps lead through ${depth} pipelines, one inside the other: a request may come through ${mostHops}`;
  }
}

const mostNamed = 8;

/** Its names, or the first few and how many there are. */
function formatCircle(circle: readonly string[]): string {
  const names = circle.map((one) => `'${one}'`);
  if (names.length <= mostNamed + 1) return names.join(' -> ');
  return [...names.slice(0, mostNamed), `${names.length - mostNamed - 1} more`, names[0]].join(' -> ');
}

/** What the steps of a pipeline name: a pipeline of this server, or undefined for anything else. */
function stepsOf(name: string, pipelines: Pipelines, isSelf: SelfCheck): readonly (string | undefined)[] {
  const steps = pipelines.get(name)?.config.steps ?? [];
  return steps.map(({ model, url }) =>
    (url === undefined || isSelf(url)) && pipelines.has(model) ? model : undefined,
  );
}

/** Notes the extent of everything that `start` leads to, or answers the circle that it leads into. Without recursion: a stranger's folder may lead far. */
function walk(
  start: string,
  extents: Map<string, Extent>,
  stepsOf: (name: string) => readonly (string | undefined)[],
): readonly string[] | undefined {
  const path = new Map<string, { readonly steps: ReturnType<typeof stepsOf>; next: number }>();
  const enter = (name: string): unknown => path.set(name, { steps: stepsOf(name), next: 0 });
  if (!extents.has(start)) enter(start);
  for (const names = [start]; path.size > 0;) {
    const name = names.at(-1) ?? '';
    const place = path.get(name) ?? { steps: [], next: 0 };
    if (place.next === place.steps.length) {
      const inner = place.steps.map((one) => extents.get(one ?? '') ?? { depth: 0, calls: 0 });
      const depth = 1 + Math.max(0, ...inner.map((one) => one.depth));
      extents.set(name, { depth, calls: inner.reduce((sum, { calls }) => sum + 1 + calls, 0) });
      path.delete(name);
      names.pop();
      continue;
    }
    const step = place.steps[place.next];
    place.next += 1;
    if (step === undefined || extents.has(step)) continue;
    if (path.has(step)) return [...names.slice(names.indexOf(step)), step];
    enter(step);
    names.push(step);
  }
  return undefined;
}

/** Whether an address is that of the server itself, as far as it can know. */
export function createSelfCheck(own: {
  readonly port: () => number | undefined;
  readonly names: readonly string[];
}): (url: string) => boolean {
  const names = new Set(
    [...own.names, 'localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]'].map((n) => n.toLowerCase()),
  );
  return (url) => {
    const { protocol, hostname, port } = new URL(url);
    const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
    return number === own.port() && names.has(hostname.toLowerCase());
  };
}
