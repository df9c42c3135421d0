#!/usr/bin/env node
// Starts the benchmark; in a checkout, builds first whatever changed. The proof for a GPU host needs no package but the runtime's.
import './node-version.cjs';

const proves = process.argv.includes('--gpu-proof');
import('./prepare.js').then(() =>
  proves ? import('../dist/bench/gpu-proof/main.js') : import('../dist/bench/main.js'),
);
