import type { Socket } from 'node:net';

/** What Node's parser of a connection has on every line of Node.js that is named here: places for its callbacks, by numbers that its class names. */
export interface Parser {
  readonly constructor: { readonly kOnBody: number; readonly kOnExecute: number; readonly kOnMessageComplete: number };
  /** The message that is being read. */
  readonly incoming?: unknown;
  execute(bytes: Uint8Array): number | Error;
  [place: number]: unknown;
}

/** Lines of Node.js on which this was tried; on others bodies come as the stream brings them. */
const triedLines: ReadonlySet<string> = new Set(['20', '22', '24']);
const isTried = triedLines.has(process.versions.node.split('.', 1)[0] ?? '');

/** Node's parser of a connection, undefined where its places are not known. */
export function parserOf(socket: Socket): Parser | undefined {
  const { parser } = socket as { readonly parser?: Parser | null };
  return isTried ? (parser ?? undefined) : undefined;
}
