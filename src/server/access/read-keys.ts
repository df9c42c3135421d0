import { AppError, messageOf } from '../../errors.js';
import type { Log } from '../log/log.js';
import type { AuthSettings } from '../settings/settings.js';
import { FollowedFiles, followIntervalMs } from './followed-files.js';
import { KeyRing, parseKeys, type AccessKey } from './keys.js';

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
