// npm runs this when it has unpacked all packages and before any of them runs its own install script. Those would download CUDA
// libraries and compile SSH code that nothing here uses: each gets a first line that ends it, unless its user asked for it.
'use strict';
require('./node-version.cjs');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

const root = dirname(__dirname);
const wantsOrtFiles = 'process.env.ONNXRUNTIME_NODE_INSTALL || process.env.npm_config_onnxruntime_node_install';
const scripts = [
  { name: 'onnxruntime-node', file: 'script/install.js', line: `if (!(${wantsOrtFiles})) process.exit(0);` },
  { name: 'ssh2', file: 'install.js', line: 'process.exit(0);' },
  // An optional package: npm leaves it out where its script fails.
  { name: 'cpu-features', file: 'buildcheck.js', line: 'process.exit(1);' },
];

/** Where Node finds a package from here: in this package's own node_modules, or in those of a folder above it. */
function findFile({ name, file }) {
  const places = require.resolve.paths(name) || [];
  return places.map((place) => join(place, name, file)).find((path) => existsSync(path));
}

// In a checkout the lock file names no script to run.
if (!existsSync(join(root, 'package-lock.json'))) {
  for (const script of scripts) {
    const path = findFile(script);
    const text = path === undefined ? '' : readFileSync(path, 'utf8');
    if (path !== undefined && !text.startsWith(script.line)) writeFileSync(path, `${script.line}\n${text}`);
  }
}
