// Every program requires this first: an older Node.js would end with a stack trace instead. So nothing here is newer than Node.js 12.
'use strict';
const oldest = require('../package.json').engines.node.match(/\d+/g).map(Number);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `slipway: Node.js ${oldest[0]}.${oldest[1]} or newer is needed, and ${process.execPath} is ${process.versions.node}. ` +
      'Install a newer one (nodejs.org, or nvm install), or put it first on PATH.\n',
  );
  process.exit(1);
}
