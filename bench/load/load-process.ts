// The load generator's own process: takes one order from its parent, tells each window, and ends with its parent.
import { messageOf } from '../../src/errors.js';
import { generateLoad } from './generator.js';
import type { FromLoad, LoadOrder } from './messages.js';

const tell = (message: FromLoad): void => {
  process.send?.(message);
};

process.on('message', (order: LoadOrder) => {
  generateLoad(order, (window) => tell({ kind: 'window', window }))
    .then((answered) => tell({ kind: 'done', answered }))
    .catch((error: unknown) => tell({ kind: 'failed', message: messageOf(error) }));
});
process.on('disconnect', () => process.exit(0));
