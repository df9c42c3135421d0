#!/usr/bin/env -S node --
// Starts the launcher (the `--` keeps Node 20 from taking --env-file for its own); in a checkout, builds first whatever changed.
await import('./prepare.js');
await import('../dist/src/launch/main.js');
