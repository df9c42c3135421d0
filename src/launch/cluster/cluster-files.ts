import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, messageOf } from '../../errors.js';

/** A file of this machine that a Swarm keeps and gives to every replica. */
export interface ClusterFile {
  readonly kind: 'secrets' | 'configs';
  /** Its own for each content: a Swarm's files never change, and a new one is a new version of the service. */
  readonly name: string;
  /** Where replicas see it: a name in /run/secrets, or a path. */
  readonly target: string;
  readonly path: string;
  readonly data: Buffer;
}

/** Where replicas see their API keys (in /run/secrets), and their settings. */
export const keysTarget = 'api-keys';
/** Where a replica finds the server's settings. */
export const configTarget = '/run/slipway.json';

const largestBytes = 500 * 1024;

/** The flags that name files, and what goes with them. */
interface FileFlags {
  readonly name?: string;
  readonly keysFile?: string;
  readonly configFile?: string;
  readonly keysSecret?: string;
}

/** Reads what --keys-file and --config-file name. Throws USAGE. */
export async function readClusterFiles(
  { name = 'slipway', keysFile, configFile, keysSecret }: FileFlags,
  cwd: string,
): Promise<readonly ClusterFile[]> {
  if (keysFile !== undefined && keysSecret !== undefined)
    throw new AppError(
      'USAGE',
      '--keys-file and --keys-secret cannot be combined: both are the keys. Omit one of them.',
    );
  const read = async (
    [flag, path]: readonly [string, string | undefined],
    { kind, target, word }: Pick<ClusterFile, 'kind' | 'target'> & { readonly word: string },
  ): Promise<readonly ClusterFile[]> => {
    if (path === undefined) return [];
    const data = await readFile(resolve(cwd, path)).catch((thrown: unknown) => {
      throw new AppError('USAGE', `${flag} ${path}: ${messageOf(thrown)}. Name a file that exists.`);
    });
    const size = `${data.length} bytes`;
    if (data.length === 0 || data.length > largestBytes)
      throw new AppError('USAGE', `${flag} ${path} has ${size}. Expected 1 to ${largestBytes}, as a Swarm keeps them.`);
    const digest = createHash('sha256').update(data).digest('hex').slice(0, 8);
    return [{ kind, name: `${name}-${word}-${digest}`, target, path, data }];
  };
  const files = await Promise.all([
    read(['--keys-file', keysFile], { kind: 'secrets', target: keysTarget, word: 'keys' }),
    read(['--config-file', configFile], { kind: 'configs', target: configTarget, word: 'config' }),
  ]);
  return files.flat();
}
