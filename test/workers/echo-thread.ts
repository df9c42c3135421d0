import { workerData } from 'node:worker_threads';
import { ThreadEnd, type MailboxParts } from '../../src/workers/link/mailbox.js';

/** Answers every order with itself; ends on `stop`. */
const mailbox = new ThreadEnd<unknown, unknown>(workerData as MailboxParts);
for (let order = mailbox.next(); order !== 'stop'; order = mailbox.next()) mailbox.answer(order);
