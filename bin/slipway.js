#!/usr/bin/env node
// Starts the server; in a checkout, builds first whatever changed.
await import('./prepare.js');
await import('../dist/src/server/main.js');
