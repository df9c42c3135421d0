import { AppError } from '../errors.js';

/** Control characters (C0, C1), line separators and those that turn the direction of writing: they could steer terminals and mislead readers. */
const misleading = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Whether a name holds characters that no name may hold. */
export function isMisleading(name: string): boolean {
  return misleading.test(name);
}

/**
 * Checks a model's name after percent-decoding, before it comes near a path: not blank, not `.` or `..`, no separators, no
 * NUL, no control characters and none that turn the direction of writing. Dots inside are fine. Throws INVALID_INPUT.
 */
export function checkModelName(name: string): string {
  const isTraversal = name === '.' || name === '..' || /[/\\\0]/.test(name);
  if (isTraversal) {
    throw new AppError(
      'INVALID_INPUT',
      `invalid model name ${JSON.stringify(name)}: model name must not contain path traversal characters ` +
        `('/', '\\', NUL, or a name of dots alone)`,
    );
  }
  if (name.trim() === '') throw new AppError('INVALID_INPUT', 'invalid model name: the name is blank');
  if (isMisleading(name)) {
    throw new AppError(
      'INVALID_INPUT',
      `invalid model name ${escapeMisleading(JSON.stringify(name))}: it contains a control character or one that changes the direction of writing`,
    );
  }
  return name;
}

/** A text of a client or a model with such characters written out. */
export function escapeMisleading(text: string): string {
  const all = new RegExp(misleading.source, 'gu');
  return text.replace(all, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

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
  'v1-predict': '/v1/models/{model}[/versions/{version}]:predict',
} as const;

/** The routes of a model. */
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
