import { AppError } from '../errors.js';
import { checkModelName, checkVersion } from './model-name.js';

/** One version of one model; without a version the highest that is ready. */
export interface ModelRef {
  readonly model: string;
  readonly version?: string;
}

const models = '/v2/models/{model}[/versions/{version}]';

/** Every path of the protocols by what it names, with its verb. Parts in brackets may be left out. */
export const routes = {
  server: ['GET', '/v2'],
  live: ['GET', '/v2/health/live'],
  ready: ['GET', '/v2/health/ready'],
  stats: ['GET', '/v2/models/stats'],
  'repository-index': ['POST', '/v2/repository/index'],
  'repository-load': ['POST', '/v2/repository/models/{model}/load'],
  'repository-unload': ['POST', '/v2/repository/models/{model}/unload'],
  'model-ready': ['GET', `${models}/ready`],
  'model-infer': ['POST', `${models}/infer`],
  'model-config': ['GET', `${models}/config`],
  'model-stats': ['GET', `${models}/stats`],
  model: ['GET', models],
  'v1-models': ['GET', '/v1/models'],
  'v1-predict': ['POST', '/v1/models/{model}[/versions/{version}]:predict'],
  'v1-metadata': ['GET', '/v1/models/{model}[/versions/{version}]/metadata'],
  'v1-model': ['GET', '/v1/models/{model}[/versions/{version}]'],
  predictions: ['POST', '/predictions/{model}[/versions/{version}]'],
} as const satisfies Record<string, readonly ['GET' | 'POST', string]>;

export type RouteKind = keyof typeof routes;

/** What a path names; `model` is undefined where the path has none. */
export interface Route {
  readonly kind: RouteKind;
  readonly model?: string;
  readonly version?: string;
}

/** First match wins, so that `/v2/models/stats` is no model. */
const patterns = Object.entries(routes).map(([kind, [, template]]) => {
  const source = template
    .replace('[/versions/{version}]', '(?:/versions/(?<version>[^/]+?))?')
    .replace('{model}', '(?<model>[^/]*?)');
  return { kind: kind as RouteKind, pattern: new RegExp(`^${source}/?$`) };
});

/**
 * What a path names, or undefined where nothing lies there; a query and a last slash are ignored. Names are checked after
 * percent-decoding: throws INVALID_INPUT for a bad name and MODEL_NOT_FOUND for a version that is no number.
 */
export function parsePath(url: string): Route | undefined {
  const path = url.replace(/[?#][^]*$/, '');
  for (const { kind, pattern } of patterns) {
    const groups = pattern.exec(path)?.groups;
    if (groups === undefined && !pattern.test(path)) continue;
    return { kind, ...checkRef(groups ?? {}) };
  }
  return undefined;
}

function checkRef({ model, version }: Partial<Record<string, string>>): Partial<ModelRef> {
  if (model === undefined) return {};
  const name = checkModelName(decodePart(model));
  return version === undefined ? { model: name } : { model: name, version: checkVersion(decodePart(version), name) };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new AppError('INVALID_INPUT', `the path part '${part}' is not valid percent-encoded UTF-8`, { cause });
  }
}

/** The path of a route, its names percent-encoded. Throws INVALID_INPUT for a name that no server takes. */
export function buildPath(kind: RouteKind, ref: Partial<ModelRef> = {}): string {
  const { model = '', version } = ref;
  const [, template] = routes[kind];
  const name = template.includes('{model}') ? encodeURIComponent(checkModelName(model)) : '';
  return template
    .replace('[/versions/{version}]', () => (version === undefined ? '' : `/versions/${encodeURIComponent(version)}`))
    .replace('{model}', () => name);
}
