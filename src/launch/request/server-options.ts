import { parseCount } from './flags/sizes.js';

/** Variables by name. */
type Environment = Readonly<Record<string, string>>;

/** What a server with these variables and arguments is given for a flag of its own: the flag, else its variable; undefined: neither. */
export function serverOption(env: Environment, args: readonly string[], name: string): string | undefined {
  const flag = `--${name}`;
  const at = args.indexOf(flag);
  const given = at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const variable = env[`SLIPWAY_${name.replaceAll('-', '_').toUpperCase()}`];
  return given ?? (variable === '' ? undefined : variable);
}

/** Arguments without a flag and its value. */
export function withoutOption(args: readonly string[], name: string): readonly string[] {
  const flag = `--${name}`;
  return args.filter((arg, index) => arg !== flag && args[index - 1] !== flag && !arg.startsWith(`${flag}=`));
}

/** The server's port for gRPC; undefined: it opens none. Throws USAGE for one that cannot be published. */
export function findGrpcPort(env: Environment, args: readonly string[]): number | undefined {
  const text = serverOption(env, args, 'grpc-port');
  return text === undefined ? undefined : parseCount('--grpc-port', text, 1);
}

/** The address that a server on the host's network listens on. */
export function hostFrom(env: Environment, args: readonly string[]): string {
  return serverOption(env, args, 'host') ?? '127.0.0.1';
}

/** What every path of the server starts with: `/prefix` or nothing. */
export function basePathFrom(env: Environment, args: readonly string[]): string {
  return (serverOption(env, args, 'base-path') ?? '').replace(/\/$/, '');
}

/** Whether the server speaks TLS. */
export function isTlsFrom(env: Environment, args: readonly string[]): boolean {
  return serverOption(env, args, 'tls-cert') !== undefined;
}
