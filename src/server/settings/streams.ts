import type { FlagKind } from './flags.js';

/** Where the frames of a stream come from. */
export type StreamSource =
  /** A camera of the network. `authorization` is the header that its URL's user and password make; the URL is without them. */
  | { readonly kind: 'url'; readonly url: string; readonly authorization?: string }
  /** A video device of this machine. */
  | { readonly kind: 'device'; readonly path: string }
  /** Programs post them. */
  | { readonly kind: 'post' };

/** A source that is shown through a model. */
export interface StreamSetting {
  readonly name: string;
  readonly model: string;
  readonly source: StreamSource;
}

const form = /^([A-Za-z0-9][\w.-]{0,63})(?::([^=]+))?=(.+)$/;

/** `NAME=SOURCE`, where the model has the stream's name, or `NAME:MODEL=SOURCE`; several separated by commas. */
export const streams: FlagKind<readonly StreamSetting[]> = {
  expected:
    'NAME=SOURCE or NAME:MODEL=SOURCE, each name once, where SOURCE is the http:// or https:// URL of an MJPEG camera (a comma in it as %2C), a video device such as /dev/video0, or post',
  schema: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string', pattern: '^[^,=]+=[^,]+$' } }] },
  parse: (text) => {
    const parsed = text.split(',').map((each) => parseStream(each.trim()));
    const settings = parsed.filter((each) => each !== undefined);
    const names = new Set(settings.map(({ name }) => name));
    return settings.length === parsed.length && names.size === settings.length ? settings : undefined;
  },
};

function parseStream(text: string): StreamSetting | undefined {
  const [, name, model = name, given = ''] = form.exec(text) ?? [];
  const source = parseSource(given);
  return name === undefined || model === undefined || source === undefined ? undefined : { name, model, source };
}

function parseSource(text: string): StreamSource | undefined {
  if (text === 'post') return { kind: 'post' };
  if (/^\/dev\/[\w/-]+$/.test(text)) return { kind: 'device', path: text };
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const secret = readSecret(url);
  if (secret === undefined) return undefined;
  [url.username, url.password, url.hash] = ['', '', ''];
  if (secret === ':') return { kind: 'url', url: url.href };
  return { kind: 'url', url: url.href, authorization: `Basic ${Buffer.from(secret).toString('base64')}` };
}

/** `user:password` of a URL; undefined where its escapes cannot be read. */
function readSecret({ username, password }: URL): string | undefined {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return undefined;
  }
}

/** What people are told of a source: no password, and no query, which may hold one. */
export function showSource(source: StreamSource): string {
  if (source.kind !== 'url') return source.kind === 'post' ? 'post' : source.path;
  const { origin, pathname, search } = new URL(source.url);
  return `${origin}${pathname}${search === '' ? '' : '?...'}`;
}
