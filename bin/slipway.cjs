#!/usr/bin/env node
// Starts the server, under a supervisor that starts it again after a crash unless that is turned off; or, by its first word, one of the
// commands that ask servers. In a checkout, builds first whatever changed. The marks are for the ledger that the server prints.
'use strict';
require('./node-version.cjs');
const { asking, looking } = require('./commands.cjs');
const { isSupervisorWanted, supervise } = require('./supervisor.cjs');

if (asking.includes(process.argv[2])) import('./prepare.js').then(() => import('../dist/src/tool/main.js'));
else if (!looking.includes(process.argv[2]) && isSupervisorWanted(process)) supervise(require.resolve('./slipway.cjs'));
else {
  require('./thread-pool.cjs');
  performance.mark('slipway:node');
  import('./prepare.js').then(() => performance.mark('slipway:built')).then(() => import('../dist/src/server/main.js'));
}
