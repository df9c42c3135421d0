import { Worker } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import type { Answer, OpenLink, Order } from './link.js';
import { PoolEnd } from './mailbox.js';

/** Opens threads of this process with the entry file given. */
export function threadLink(entry: URL): OpenLink {
  return (name, { onAnswer, onUnreadable, onEnd }) => {
    const mailbox = new PoolEnd<Order, Answer>(onAnswer, onUnreadable);
    const { parts } = mailbox;
    const thread = new Worker(entry, { name, workerData: parts, transferList: [parts.port] });
    let fault = '';
    thread.on('error', (error) => (fault = messageOf(error)));
    thread.on('exit', (code) => {
      mailbox.close();
      onEnd(fault === '' ? `exit code ${code}` : fault, 'fault');
    });
    return { send: (order, transfer) => mailbox.send(order, transfer) };
  };
}
