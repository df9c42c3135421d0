import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { parserOf, type Parser } from './parser.js';
import type { ReadLine } from './read-line.js';

/** After so many bytes of a body that nobody reads it is the turn of others. */
const bytesATurn = 512 * 1024;

/**
 * Lets Node's parser pass over what is still to come of a body that nobody will read: without its callback it copies nothing and calls
 * nothing, yet it alone finds the end of the message. A long body takes turns with others in `line`. Where the parser's places are
 * not known, the body comes as before and is dropped.
 */
export function discardBody(request: IncomingMessage, line: ReadLine): void {
  const { socket } = request;
  const parser = parserOf(socket);
  if (parser === undefined || request.complete || parser.incoming !== request) return;
  let discard = discards.get(socket);
  if (discard?.parser !== parser) {
    discard = new Discard(parser, socket, line);
    discards.set(socket, discard);
  }
  discard.begin();
}

/** Whether the rest of a message that was answered is being passed over on a connection. */
export function isDiscarding(socket: object): boolean {
  return discards.get(socket)?.isOn === true;
}

const discards = new WeakMap<object, Discard>();

type OnExecute = (parsed: number | Error) => void;

/** The callbacks of a connection's parser while it passes over bodies. */
class Discard {
  readonly parser: Parser;
  isOn = false;
  #onBody: unknown;
  #onWhole: unknown;
  #bytes = 0;

  constructor(parser: Parser, socket: Socket, line: ReadLine) {
    this.parser = parser;
    // Before Node's own, which gives the parser to another connection.
    socket.prependOnceListener('close', this.#end);
    const { kOnExecute } = parser.constructor;
    const onExecute = parser[kOnExecute] as OnExecute;
    parser[kOnExecute] = (parsed: number | Error): void => {
      onExecute(parsed);
      if (!this.isOn || typeof parsed !== 'number' || socket.destroyed) return;
      this.#bytes += parsed;
      if (this.#bytes < bytesATurn) return;
      this.#bytes = 0;
      line.hold(socket);
    };
  }

  begin(): void {
    const { parser } = this;
    const { kOnBody, kOnMessageComplete } = parser.constructor;
    if (this.isOn || typeof parser[kOnBody] !== 'function' || typeof parser[kOnMessageComplete] !== 'function') return;
    this.isOn = true;
    this.#onBody = parser[kOnBody];
    this.#onWhole = parser[kOnMessageComplete];
    parser[kOnBody] = null;
    parser[kOnMessageComplete] = this.#onMessageComplete;
  }

  /** Gives the parser its callbacks back. */
  readonly #end = (): void => {
    const { parser } = this;
    if (!this.isOn) return;
    this.isOn = false;
    const { kOnBody, kOnMessageComplete } = parser.constructor;
    parser[kOnBody] = this.#onBody;
    parser[kOnMessageComplete] = this.#onWhole;
  };

  readonly #onMessageComplete = (): void => {
    this.#end();
    (this.#onWhole as (this: Parser) => void).call(this.parser);
  };
}
