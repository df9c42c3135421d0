// Takes install scripts out of package-lock.json, so that `npm ci` runs none: what npm adds for packages that have one, and
// cpu-features with what it alone needs, which npm would compile unasked, by a platform that does not exist.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
for (const [path, entry] of Object.entries(lock.packages)) {
  delete entry.hasInstallScript;
  if (/\/(cpu-features|buildcheck|nan)$/.test(path)) entry.os = ['none'];
}
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
