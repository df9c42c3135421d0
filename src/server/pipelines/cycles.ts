import type { Pipeline } from './types.js';

/** The circle that a pipeline's steps lead into, as names; undefined where they end. `isSelf`: whether an address is this server's. */
export function findCircle(
  start: string,
  pipelines: ReadonlyMap<string, Pipeline>,
  isSelf: (url: string) => boolean,
): readonly string[] | undefined {
  const ended = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | undefined => {
    const at = path.indexOf(name);
    if (at !== -1) return [...path.slice(at), name];
    if (ended.has(name)) return undefined;
    for (const { model, url } of pipelines.get(name)?.config.steps ?? []) {
      if (url !== undefined && !isSelf(url)) continue;
      const circle = visit(model, [...path, name]);
      if (circle !== undefined) return circle;
    }
    ended.add(name);
    return undefined;
  };
  return visit(start, []);
}

/** How many pipelines of this server a request to one comes through, one inside the other. They lead in no circle. */
export function depthOf(
  start: string,
  pipelines: ReadonlyMap<string, Pipeline>,
  isSelf: (url: string) => boolean,
): number {
  const known = new Map<string, number>();
  const visit = (name: string): number => {
    const own = pipelines.get(name);
    if (own === undefined) return 0;
    const inner = own.config.steps.map(({ model, url }) =>
      url === undefined || isSelf(url) ? (known.get(model) ?? visit(model)) : 0,
    );
    const depth = 1 + Math.max(...inner);
    known.set(name, depth);
    return depth;
  };
  return visit(start);
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
