import { AppError } from '../../errors.js';
import { findRegistryAuth, type RegistryAuth } from '../credentials/registry-auth.js';
import { asText } from '../json.js';
import type { OciLocation } from '../location.js';
import { ask, failureOf, readJson, type Question } from '../transfer/ask.js';
import type { StoreWorld } from '../world.js';

/** One repository of a registry (distribution-spec 1.1), asked with the docker CLI's credentials where it wants some. */
export class Registry {
  /** `https://host/v2/team/model`. */
  readonly base: string;
  readonly #location: OciLocation;
  readonly #world: StoreWorld;
  /** Answers to the challenges so far, by what they allow. */
  readonly #granted = new Map<string, string>();

  constructor(location: OciLocation, world: StoreWorld) {
    this.#location = location;
    this.#world = world;
    const host = location.registry === 'docker.io' ? 'registry-1.docker.io' : location.registry;
    this.base = `${location.isPlain ? 'http' : 'https'}://${host}/v2/${location.repository}`;
  }

  /** Asks for a path below the repository, or an address that the registry named; answers whatever status comes once it knows who asks. */
  async ask(path: string, question: Question & { readonly isWrite?: boolean } = {}): Promise<Response> {
    const url = new URL(path, `${this.base}/`);
    const rights = question.isWrite === true ? 'pull,push' : 'pull';
    const first = await ask(this.#world, url, {
      ...question,
      headers: { ...question.headers, ...this.authorize(url, rights) },
    });
    if (first.status !== 401 || !this.#isOwn(url)) return first;
    await first.body?.cancel();
    this.#granted.set(rights, await this.#answer(first, rights));
    return ask(this.#world, url, { ...question, headers: { ...question.headers, ...this.authorize(url, rights) } });
  }

  /** The headers that earlier challenges were answered with; nothing for another host than the registry's own. */
  authorize(url: URL, rights: 'pull' | 'pull,push'): Readonly<Record<string, string>> {
    const authorization = this.#isOwn(url) ? this.#granted.get(rights) : undefined;
    return authorization === undefined ? {} : { authorization };
  }

  #isOwn(url: URL): boolean {
    return url.origin === new URL(this.base).origin;
  }

  async #answer(response: Response, rights: string): Promise<string> {
    const { registry, shown } = this.#location;
    const challenge = parseChallenge(response.headers.get('www-authenticate') ?? '');
    if (challenge === undefined)
      throw new AppError(
        'UNAUTHORIZED',
        `${registry} answers 401 for ${shown} without saying how to log in: expected a challenge Basic or Bearer.`,
      );
    const server = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
    const auth = await findRegistryAuth(server, this.#world);
    if (challenge.scheme === 'bearer') return `Bearer ${await this.#fetchToken(challenge, auth, rights)}`;
    if (auth?.username === undefined) throw this.#noCredentials();
    return basic(auth);
  }

  #noCredentials(): AppError {
    const { registry, shown } = this.#location;
    return new AppError(
      'UNAUTHORIZED',
      `${shown} asks for credentials, and none for ${registry} are in the docker config. Type: docker login ${registry}`,
    );
  }

  /** A token of the service that the challenge names (Docker's token protocol; OAuth2 where an identity token is kept). */
  async #fetchToken({ realm, service }: Challenge, auth: RegistryAuth | undefined, rights: string): Promise<string> {
    const { registry, repository, isPlain, shown } = this.#location;
    if (!URL.canParse(realm) || (!isPlain && !realm.startsWith('https://')))
      throw new AppError(
        'UNAUTHORIZED',
        `${registry} names ${JSON.stringify(realm)} as its token address: expected an https:// address.`,
      );
    const fields = new URLSearchParams({
      scope: `repository:${repository}:${rights}`,
      ...(service === '' ? {} : { service }),
    });
    const response = await (auth?.identitytoken === undefined
      ? ask(
          this.#world,
          `${realm}?${fields.toString()}`,
          auth === undefined ? {} : { headers: { authorization: basic(auth) } },
        )
      : ask(this.#world, realm, {
          method: 'POST',
          body: withRefresh(fields, auth.identitytoken),
          redirect: 'manual',
        }));
    if (response.status !== 200) {
      const hint =
        auth === undefined
          ? `No credentials for ${registry} are in the docker config: docker login ${registry}`
          : `The docker config's credentials for ${registry} were refused: docker login ${registry}`;
      throw await failureOf(response, `The token for ${shown}`, hint);
    }
    const answer = await readJson(response, `The token for ${shown}`);
    const token = asText(answer['token']) || asText(answer['access_token']);
    if (token === '') throw new AppError('UNAUTHORIZED', `${new URL(realm).host} answered no token for ${shown}.`);
    return token;
  }
}

function withRefresh(fields: URLSearchParams, token: string): URLSearchParams {
  fields.set('grant_type', 'refresh_token');
  fields.set('client_id', 'slipway');
  fields.set('refresh_token', token);
  return fields;
}

function basic({ username = '', password = '' }: RegistryAuth): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** What a 401 asks for (RFC 7235), as far as registries do. */
interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  /** Where tokens are from; '' for Basic. */
  readonly realm: string;
  readonly service: string;
}

/** Reads `WWW-Authenticate`; undefined where it holds neither Basic nor Bearer. */
export function parseChallenge(header: string): Challenge | undefined {
  const scheme = /(?:^|,\s*)(bearer|basic)(?=\s|$|,)/i.exec(header);
  if (scheme === null) return undefined;
  const rest = header.slice(scheme.index + scheme[0].length);
  const fields = new Map<string, string>();
  for (const [, name = '', quoted, bare] of rest.matchAll(/(?<!\w)(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g))
    fields.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  return {
    scheme: scheme[1]?.toLowerCase() === 'basic' ? 'basic' : 'bearer',
    realm: fields.get('realm') ?? '',
    service: fields.get('service') ?? '',
  };
}
