#!/usr/bin/env node
// Starts the server; in a checkout, builds first whatever changed. The marks are for the ledger that the server prints.
'use strict';
require('./thread-pool.cjs');

performance.mark('slipway:node');
import('./prepare.js').then(() => performance.mark('slipway:built')).then(() => import('../dist/src/server/main.js'));
