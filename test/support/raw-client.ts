import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What a server wrote in answer to one request. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

/** A connection on which a test writes bytes as it likes, and reads answers of a known length. */
export class RawClient {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #isOver = false;
  #wake = (): void => undefined;

  constructor(url: string) {
    const { protocol, hostname, port } = new URL(url);
    const socket =
      protocol === 'https:'
        ? connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false })
        : connect(Number(port), hostname);
    this.socket = socket.setNoDelay();
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** Writes pieces as packets of their own: each is with the system before the next. */
  async write(...pieces: readonly (string | Uint8Array)[]): Promise<void> {
    for (const piece of pieces) {
      if (this.socket.destroyed) return;
      await new Promise((resolve) => this.socket.write(piece, resolve));
    }
  }

  /** The next answer, for one who reads at a time; interim ones such as 100 count. Rejects where the server closes first, or resets. */
  async read(): Promise<RawAnswer> {
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      if (this.#isOver) throw new Error(`closed after ${this.#received.toString('latin1', 0, 200)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #take(): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const head = this.#received.toString('latin1', 0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    const [from, to] = [end + 4, end + 4 + length];
    if (this.#received.length < to) return undefined;
    const body = this.#received.subarray(from, to);
    this.#received = this.#received.subarray(to);
    return { status: Number(head.split(' ')[1]), head, body };
  }
}
