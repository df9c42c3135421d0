import { connect, type Socket } from 'node:net';
import { ResponseParser, type ResponseFacts } from './response-parser.js';

/** An answer: when its last bytes were read (`performance.now()`), how long handing over the request took, and the time from the answer's first bytes to its last. */
export interface Answer {
  readonly response: ResponseFacts;
  readonly endedAt: number;
  readonly sendMs: number;
  readonly receiveMs: number;
}

/** How one request ended: with an answer, or without. */
export type Outcome = { readonly answer: Answer } | { readonly error: Error };

/** Where a connection leads, and how long an answer may take. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** All connections read into this one: an answer is taken out of it before the next read. It spares an allocation a read. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/** A keep-alive connection that carries one request at a time and reconnects after a failure. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  #parser = new ResponseParser();
  #onOutcome: ((outcome: Outcome) => void) | undefined;
  #sendMs = 0;
  #firstByteAt = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Sends one request; `onOutcome` is called once. */
  send(bytes: Uint8Array, onOutcome: (outcome: Outcome) => void): void {
    this.#onOutcome = onOutcome;
    this.#socket ??= this.#open();
    this.#firstByteAt = 0;
    const startedAt = performance.now();
    this.#socket.write(bytes);
    this.#sendMs = performance.now() - startedAt;
  }

  close(): void {
    this.#onOutcome = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const { host, port, timeoutMs } = this.#options;
    this.#parser = new ResponseParser();
    const callback = (length: number): boolean => {
      this.#take(socket, readBuffer.subarray(0, length));
      return true;
    };
    const socket = connect({ host, port, noDelay: true, onread: { buffer: readBuffer, callback } });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`No answer for ${timeoutMs} ms`)));
    socket.on('error', (error) => this.#fail(socket, error));
    socket.on('close', () => this.#fail(socket, new Error('The connection closed before the answer was whole')));
    return socket;
  }

  #take(socket: Socket, chunk: Buffer): void {
    const now = performance.now();
    if (this.#firstByteAt === 0) this.#firstByteAt = now;
    try {
      const response = this.#parser.push(chunk);
      if (response === undefined) return;
      if (response.headers.includes('\r\nconnection: close')) this.#drop(socket);
      this.#settle({
        answer: { response, endedAt: now, sendMs: this.#sendMs, receiveMs: now - this.#firstByteAt },
      });
    } catch (error) {
      this.#fail(socket, error as Error);
    }
  }

  #fail(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.#drop(socket);
    this.#settle({ error });
  }

  #drop(socket: Socket): void {
    this.#socket = undefined;
    socket.destroy();
  }

  #settle(outcome: Outcome): void {
    const onOutcome = this.#onOutcome;
    this.#onOutcome = undefined;
    onOutcome?.(outcome);
  }
}
