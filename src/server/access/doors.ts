import { refusal } from '../../errors.js';
import type { KeyRing, Role } from './keys.js';
import type { TokenBuckets } from './token-buckets.js';

/** Who asks, as far as it is known. */
export interface Caller {
  /** Of the key that was shown; undefined where none is asked for. */
  readonly keyName: string | undefined;
  readonly role: Role;
}

/** Who is let in without a key, to what is open to everyone. */
export const stranger: Caller = { keyName: undefined, role: 'predict' };

/** What a request shows of itself, whatever the transport. */
export interface Credentials {
  /** `Bearer KEY`. */
  readonly authorization?: string | undefined;
  /** `x-api-key`. */
  readonly apiKey?: string | readonly string[] | undefined;
}

/** Who may manage models here: `open`: everyone, or admin keys where keys are asked for; `keys`: admin keys alone; `elsewhere`: nobody, another port is for that. */
export type Management = 'open' | 'keys' | 'elsewhere';

/** What decides who may do what. */
export interface DoorsOptions {
  readonly keys: KeyRing;
  readonly rate: TokenBuckets;
  readonly management: Management;
}

/** Decides who may do what. Knows no transport. */
export class Doors {
  readonly #options: DoorsOptions;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /** Whether a key is asked for. */
  get asksForKeys(): boolean {
    return !this.#options.keys.isEmpty;
  }

  /** The caller. Throws UNAUTHORIZED without one of the keys, and RATE_LIMITED where that key asked too often. */
  admit(shown: Credentials): Caller {
    const { keys, rate, management } = this.#options;
    if (keys.isEmpty) return { keyName: undefined, role: management === 'open' ? 'admin' : 'predict' };
    const key = keys.find(secretOf(shown));
    if (key === undefined) throw refusal('UNAUTHORIZED', 'The key is not one of this server’s.');
    const retryAfterMs = rate.take(key.digest.toString('base64'));
    if (retryAfterMs === 0) return { keyName: key.name, role: key.role };
    const text = `The key '${key.name}' sent more requests than allowed: try again in ${(retryAfterMs / 1000).toFixed(2)} s.`;
    throw refusal('RATE_LIMITED', text, { details: { retryAfterMs } });
  }

  /** Whether what was shown still opens the server: for answers that go on while keys are exchanged. Counts as no request. */
  stillOpens(shown: Credentials): boolean {
    const { keys } = this.#options;
    return keys.isEmpty || keys.find(readSecret(shown) ?? '') !== undefined;
  }

  /** Throws FORBIDDEN unless the caller may load and unload models here. */
  checkManagement({ keyName, role }: Caller): void {
    const { management } = this.#options;
    if (role === 'admin' && management !== 'elsewhere') return;
    throw refusal(
      'FORBIDDEN',
      `Loading and unloading models is not allowed for this request. ${fixFor(management, keyName)}`,
    );
  }
}

function fixFor(management: Management, keyName: string | undefined): string {
  if (management === 'elsewhere') return 'Send it to the port that --management-port names.';
  if (keyName !== undefined) return `The key '${keyName}' may predict. Use one with the role admin (NAME:admin:KEY).`;
  return 'Start the server with --management to open it to everyone, with an admin key in --api-keys-file (NAME:admin:KEY), or with --management-port.';
}

function readSecret({ authorization, apiKey }: Credentials): string | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  const shown = bearer ?? apiKey;
  return typeof shown === 'string' && shown !== '' ? shown : undefined;
}

function secretOf(shown: Credentials): string {
  const secret = readSecret(shown);
  if (secret !== undefined) return secret;
  throw refusal('UNAUTHORIZED', 'This server needs an API key: send "Authorization: Bearer KEY" or "x-api-key: KEY".');
}
