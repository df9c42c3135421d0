#!/usr/bin/env -S node --
// Starts the launcher (the `--` keeps Node 20 from taking --env-file for its own); in a checkout, builds first whatever changed.
import './node-version.cjs';

import('./prepare.js').then(() => import('../dist/src/launch/main.js'));
