import { checkModelName } from './model-name.js';

/** One version of one model; without a version the highest that is ready. */
export interface ModelRef {
  readonly model: string;
  readonly version?: string;
}

const models = '/v2/models/{model}[/versions/{version}]';

/** The paths that clients ask for, by what they name. Parts in brackets may be left out. */
const templates = {
  server: '/v2',
  live: '/v2/health/live',
  ready: '/v2/health/ready',
  'repository-index': '/v2/repository/index',
  'repository-load': '/v2/repository/models/{model}/load',
  model: models,
  'model-ready': `${models}/ready`,
  'model-infer': `${models}/infer`,
  predictions: '/predictions/{model}[/versions/{version}]',
} as const;

export type RouteKind = keyof typeof templates;

/** The path of a route, its names percent-encoded. Throws INVALID_INPUT for a name that no server takes. */
export function buildPath(kind: RouteKind, ref: Partial<ModelRef> = {}): string {
  const { model = '', version } = ref;
  const template = templates[kind];
  const name = template.includes('{model}') ? encodeURIComponent(checkModelName(model)) : '';
  return template
    .replace('[/versions/{version}]', () => (version === undefined ? '' : `/versions/${encodeURIComponent(version)}`))
    .replace('{model}', () => name);
}
