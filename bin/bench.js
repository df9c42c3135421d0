#!/usr/bin/env node
// Starts the benchmark; in a checkout, builds first whatever changed.
await import('./prepare.js');
await import('../dist/bench/main.js');
