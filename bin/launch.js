#!/usr/bin/env node
// Starts the launcher; in a checkout, builds first whatever changed.
await import('./prepare.js');
await import('../dist/src/launch/main.js');
