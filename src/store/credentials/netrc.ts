import type { DockerConfigWorld } from './docker-config.js';

/** A name and password for a host in the file that NETRC names, else ~/.netrc; undefined where there is none. */
export async function findNetrc(
  host: string,
  { env, homeFolder, readText }: DockerConfigWorld,
): Promise<{ readonly login: string; readonly password: string } | undefined> {
  const named = env['NETRC'] ?? '';
  const words = ((await readText(named === '' ? `${homeFolder}/.netrc` : named)) ?? '').split(/\s+/);
  const starts = words.flatMap((word, index) => (word === 'machine' || word === 'default' ? [index] : []));
  const start = starts.find((index) => words[index] === 'default' || words[index + 1] === host);
  if (start === undefined) return undefined;
  const entry = words.slice(
    start,
    starts.find((index) => index > start),
  );
  const valueOf = (key: string): string => (entry.includes(key) ? (entry[entry.indexOf(key) + 1] ?? '') : '');
  return { login: valueOf('login'), password: valueOf('password') };
}
