import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError, messageOf } from '../../errors.js';
import type { Log } from '../log/log.js';
import type { AuthSettings } from '../settings/settings.js';
import { FollowedFiles, followIntervalMs } from './followed-files.js';

/** What a key opens. `predict`: everything but management; `admin`: that too. */
export type Role = 'predict' | 'admin';

/** A key as it is held: only its digest. */
interface AccessKey {
  /** What logs call it. */
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the key. */
  readonly digest: Buffer;
}

const named = /^([\w.@-]{1,64}):(predict|admin):(\S+)$/;
const hashed = /^sha256:([0-9a-f]{64})$/i;

/** What a header carries. A file in UTF-16, or of no text, would else hold keys that nobody can show. */
const sendable = /^[\x21-\x7e\xa1-\xff]+$/;

/**
 * Keys of a file, one per line: `KEY`, `NAME:ROLE:KEY` or `NAME:ROLE:sha256:HEX`, where `#` starts a comment. A key without a role may predict.
 * Throws USAGE, with the line's number and never its text.
 */
export function parseKeys(text: string): readonly AccessKey[] {
  const keys = text.split(/\r\n|\n|\r/).flatMap((line, index) => {
    const written = line.replace(/(^|\s)#.*$/, '').trim();
    return written === '' ? [] : [parseKey(written, index + 1)];
  });
  refuseRepeats(keys);
  return keys;
}

function parseKey(written: string, line: number): AccessKey {
  const [, name, role, secret] = named.exec(written) ?? [];
  if (!sendable.test(secret ?? written)) refuseLine(line);
  if (name !== undefined && role !== undefined && secret !== undefined) {
    const hex = hashed.exec(secret)?.[1];
    if (hex === undefined && secret.startsWith('sha256:')) refuseLine(line);
    return { name, role: role as Role, digest: hex === undefined ? digest(secret) : Buffer.from(hex, 'hex') };
  }
  // Two colons mean a name and a role: taken for a key, a role that is mistyped would open what it should not.
  if (/\s/.test(written) || /:.*:/.test(written)) refuseLine(line);
  return { name: `key-${line}`, role: 'predict', digest: digest(written) };
}

function refuseLine(line: number): never {
  const expected =
    'KEY, NAME:ROLE:KEY or NAME:ROLE:sha256:HEX with the role predict or admin, in UTF-8, of characters that a header carries';
  throw new AppError('USAGE', `Line ${line} of the keys is invalid: expected ${expected}.`);
}

function refuseRepeats(keys: readonly AccessKey[]): void {
  const seen = new Map<string, AccessKey>();
  for (const key of keys) {
    const hex = key.digest.toString('hex');
    const before = seen.get(hex);
    if (before !== undefined) {
      throw new AppError('USAGE', `The keys '${before.name}' and '${key.name}' are the same: expected each key once.`);
    }
    seen.set(hex, key);
  }
}

/** The keys that open the server now; they can be exchanged while it runs. */
export class KeyRing {
  #keys: readonly AccessKey[];

  constructor(keys: readonly AccessKey[]) {
    this.#keys = keys;
  }

  /** Whether nobody is asked for a key. */
  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  get hasAdmin(): boolean {
    return this.#keys.some(({ role }) => role === 'admin');
  }

  get names(): readonly string[] {
    return this.#keys.map(({ name }) => name);
  }

  /** From now on these keys and no others. */
  replace(keys: readonly AccessKey[]): void {
    this.#keys = keys;
  }

  /** The key that was shown, or undefined; takes the same time whichever it is. */
  find(shown: string): AccessKey | undefined {
    const candidate = digest(shown);
    let found: AccessKey | undefined;
    for (const key of this.#keys) if (timingSafeEqual(key.digest, candidate)) found = key;
    return found;
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** The keys of the settings and of their file, which is followed until the end: changed keys hold within seconds, and a wrong file changes nothing. Throws USAGE. */
export async function readKeys({ keys, keysFile }: AuthSettings, log: Log, ending: AbortSignal): Promise<KeyRing> {
  const given = parse('--api-keys', keys.join('\n'));
  if (keysFile === undefined) return new KeyRing(given);
  const ring = new KeyRing(given);
  const files = new FollowedFiles({
    paths: [keysFile],
    take: ([content]) => ring.replace([...given, ...parseFile(keysFile, String(content))]),
    onTaken: () => log.info({ file: keysFile, keys: ring.names }, 'keys reloaded: these are valid from now on'),
    onFault: (reason) => log.error({ reason }, 'the keys could not be reloaded: the previous ones stay valid'),
  });
  await files.open().catch((thrown: unknown) => {
    throw new AppError('USAGE', `--api-keys-file ${messageOf(thrown)}`, { cause: thrown });
  });
  files.follow(followIntervalMs, ending);
  return ring;
}

function parseFile(path: string, text: string): readonly AccessKey[] {
  const keys = parse(path, text);
  if (keys.length > 0) return keys;
  throw new AppError('USAGE', `${path} holds no key: write one per line, or leave the flag out.`);
}

function parse(source: string, text: string): readonly AccessKey[] {
  try {
    return parseKeys(text);
  } catch (thrown) {
    throw new AppError('USAGE', `${source}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
