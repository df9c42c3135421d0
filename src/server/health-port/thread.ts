import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { createNameCheck } from '../access/known-names.js';
import { PageGuard } from '../access/page-guard.js';
import { toHttpFailure } from '../http/http-errors.js';
import { liveAnswer, readyAnswer, type Answer } from './answers.js';
import type { Exposition, FromHealthPort, HealthPortData, ToHealthPort } from './messages.js';

/** New figures are waited for this long; then the last ones are told. */
const scrapeMs = 30;

const json = 'application/json';

/** Answers from what the HTTP thread told last, whatever that does now. */
class HealthPort {
  readonly #port: MessagePort;
  readonly #data: HealthPortData;
  readonly #guard: PageGuard;
  #health: Answer = { status: 503, body: '{"ready":false,"state":"starting"}' };
  #exposition: Exposition | undefined;
  #onExposition: (() => void)[] = [];
  #pulse = 0;
  #pulsedMs = performance.now();

  constructor(port: MessagePort, data: HealthPortData) {
    this.#port = port;
    this.#data = data;
    const { allowedHosts, allowedOrigins } = data.pages;
    this.#guard = new PageGuard({ isKnownName: createNameCheck(data.ownNames, allowedHosts), allowedOrigins });
    port.on('message', (message: ToHealthPort) => this.#take(message));
    setInterval(() => this.#feelPulse(), data.pulseMs);
  }

  listen(): void {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.on('error', (error: NodeJS.ErrnoException) => {
      this.#tell({ kind: 'failed', code: error.code ?? '', message: error.message });
    });
    const { host, port } = this.#data;
    server.listen({ host, port }, () => {
      this.#tell({ kind: 'listening', port: (server.address() as AddressInfo).port });
    });
  }

  #tell(message: FromHealthPort): void {
    this.#port.postMessage(message);
  }

  #take(message: ToHealthPort): void {
    if (message.kind === 'health') this.#health = message.health;
    else {
      this.#exposition = message.exposition;
      for (const tell of this.#onExposition.splice(0)) tell();
    }
  }

  #feelPulse(): number {
    const pulse = Atomics.load(new Int32Array(this.#data.pulse), 0);
    if (pulse !== this.#pulse) [this.#pulse, this.#pulsedMs] = [pulse, performance.now()];
    return performance.now() - this.#pulsedMs;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    try {
      const { method = 'GET', headers, rawHeaders, url = '/' } = request;
      this.#guard.check({ method, headers, rawHeaders, url, isProved: () => false });
      const { status, body, type = json } = await this.#find(url);
      const head = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' };
      response.writeHead(status, head).end(body);
    } catch (thrown) {
      const { status, text, headers } = toHttpFailure(thrown);
      response.writeHead(status, { 'content-type': json, ...headers }).end(JSON.stringify({ error: text }));
    }
  }

  async #find(url: string): Promise<Answer & { readonly type?: string }> {
    const path = url.split('?', 1)[0] ?? '';
    const { basePath, hasMetrics } = this.#data;
    const known = { health: this.#health, silentMs: this.#feelPulse() };
    switch (basePath !== '' && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path) {
      case '/v2/health/live':
        return liveAnswer(known);
      case '/v2/health/ready':
        return readyAnswer(known);
      case '/metrics':
        if (hasMetrics) return this.#metrics();
        return refusal(401, "Metrics need an API key: use the server's main port, or start it with --open-metrics.");
      default:
        return refusal(404, 'Not found: this port has /v2/health/live, /v2/health/ready and /metrics.');
    }
  }

  async #metrics(): Promise<Answer & { readonly type?: string }> {
    const renewed = new Promise<void>((resolve) => this.#onExposition.push(resolve));
    this.#tell({ kind: 'scrape' });
    await Promise.race([renewed, sleep(scrapeMs)]);
    if (this.#exposition === undefined) return refusal(503, 'There are no metrics yet.');
    const { text, contentType } = this.#exposition;
    return { status: 200, body: text, type: contentType };
  }
}

const refusal = (status: number, error: string): Answer => ({ status, body: JSON.stringify({ error }) });

if (parentPort !== null) new HealthPort(parentPort, workerData as HealthPortData).listen();
