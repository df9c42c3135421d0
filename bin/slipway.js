#!/usr/bin/env node
// Starts the server; in a checkout, builds first whatever changed. The marks are for the ledger that the server prints.
performance.mark('slipway:node');
await import('./prepare.js');
performance.mark('slipway:built');
await import('../dist/src/server/main.js');
