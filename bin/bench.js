#!/usr/bin/env node
// Starts the benchmark; in a checkout, builds first whatever changed. The proof for a GPU host needs no package but the runtime's.
await import('./prepare.js');
await (process.argv.includes('--gpu-proof')
  ? import('../dist/bench/gpu-proof/main.js')
  : import('../dist/bench/main.js'));
