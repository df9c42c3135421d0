import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Call } from '../../support/http.js';
import { callOf, createClient, rawPair } from '../../support/grpc.js';

/** How often each thing happened, by kind of client: a status, or the code of what broke. */
class Counts {
  readonly byKind = new Map<string, Map<string, number>>();

  add(kind: string, outcome: string): void {
    const counts = this.byKind.get(kind) ?? new Map<string, number>();
    this.byKind.set(kind, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  }

  /** All that was seen, once each: `kind: outcome`. */
  get kinds(): readonly string[] {
    return [...this.byKind]
      .flatMap(([kind, counts]) => [...counts.keys()].map((outcome) => `${kind}: ${outcome}`))
      .sort();
  }

  get total(): number {
    return [...this.byKind.values()].flatMap((counts) => [...counts.values()]).reduce((sum, count) => sum + count, 0);
  }
}

/** One request by an agent; its status, or what broke. */
async function statusOf(url: string, { path, body }: Pick<Call, 'path' | 'body'>, agent: Agent): Promise<string> {
  try {
    const sent = request(url + path, { method: 'POST', agent });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    await buffer(response);
    return String(response.statusCode);
  } catch (thrown) {
    return String((thrown as { code?: unknown }).code);
  }
}

/** Clients that ask again and again until they are told to stop, and what became of each call. */
export class Load {
  readonly counts = new Counts();
  readonly #clients: Promise<void>[] = [];
  #isOver = false;

  /** A client with a kept connection, or with a new one for each call. */
  addHttp(url: string, call: Pick<Call, 'path' | 'body'>, keepAlive: boolean): void {
    const agent = new Agent({ keepAlive });
    const kind = keepAlive ? 'kept' : 'new';
    this.#clients.push(this.#repeat(kind, () => statusOf(url, call, agent)).finally(() => agent.destroy()));
  }

  /** A client of the gRPC service, with one channel or a new one for each call. */
  addGrpc(address: string, keepChannel: boolean): void {
    let client = createClient(address);
    const ask = async (): Promise<string> => {
      const outcome = await callOf(client, ['ModelInfer', rawPair(1)]).then(
        () => 'OK',
        (error: unknown) => String((error as { code?: unknown }).code),
      );
      if (!keepChannel) {
        client.close();
        client = createClient(address);
      }
      return outcome;
    };
    this.#clients.push(this.#repeat(keepChannel ? 'channel' : 'new channel', ask).finally(() => client.close()));
  }

  /** Resolves once this many calls more have been answered. */
  async more(count: number): Promise<void> {
    const least = this.counts.total + count;
    while (this.counts.total < least) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends every client after its call, and answers the counts. */
  async end(): Promise<Counts> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return this.counts;
  }

  async #repeat(kind: string, ask: () => Promise<string>): Promise<void> {
    while (!this.#isOver) this.counts.add(kind, await ask());
  }
}
