// Whether an advisory holds for a package of the lock file and has no verdict of ours. `node tools/supply/advisories.js [--registry]`
// The recorded ones (tools/supply/advisories.json) are compared offline. With --registry npm's registry is asked as well (`npm audit`); what it knows and the
// record does not has to be recorded, or its package renewed. A registry that offers no advisories is named, and the record alone is compared.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import semver from 'semver';

const { values } = parseArgs({ options: { registry: { type: 'boolean', default: false } } });
const { recorded, advisories } = JSON.parse(readFileSync('tools/supply/advisories.json', 'utf8'));
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));

/** Every version of a package in the lock file, with whether a production install has it. */
const installed = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, { version, dev, devOptional }]) => ({
    name: path.replace(/^.*node_modules\//, ''),
    version,
    isShipped: !dev && !devOptional,
  }));

/** The versions of the lock file that an advisory is about; prereleases count as the versions that they come before. */
const hit = ({ package: name, range }) =>
  installed.filter((one) => one.name === name && semver.satisfies(one.version, range, { includePrerelease: true }));

/** What npm's registry knows of the lock file's packages, in the record's form; undefined, and said, where it offers nothing. */
function askRegistry() {
  const { stdout, error } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const report = error === undefined && stdout.trim().startsWith('{') ? JSON.parse(stdout) : {};
  if (report.vulnerabilities === undefined) {
    console.error(`The registry offers no advisories (${report.message ?? error?.message ?? 'npm audit failed'}).`);
    return undefined;
  }
  // `via` holds names as well: of the packages that bring the one with the advisory.
  const found = Object.values(report.vulnerabilities).flatMap(({ via }) =>
    via.filter((one) => typeof one === 'object'),
  );
  return found.map(({ url, name, range, title }) => ({ id: url.replace(/^.*\//, ''), package: name, range, title }));
}

const isSame = (one) => (other) => other.id === one.id && other.package === one.package;
const asked = values.registry ? askRegistry() : undefined;
const unrecorded = (asked ?? []).filter((one) => !advisories.some(isSame(one)));
const holding = [...advisories, ...unrecorded].map((one) => ({ ...one, found: hit(one) }));

const unhandled = holding.filter(({ found, verdict }) => found.length > 0 && verdict === undefined);
for (const { id, package: name, range, title, found } of unhandled) {
  const versions = found
    .map(({ version, isShipped }) => `${version}${isShipped ? '' : ', for development'}`)
    .join('; ');
  console.error(
    `${id}: ${name} ${range}: ${title}. Here: ${versions}. Renew it, or write a verdict into tools/supply/advisories.json.`,
  );
}
const spent = holding.filter(({ found, verdict }) => found.length === 0 && verdict !== undefined);
for (const { id, package: name } of spent)
  console.error(
    `${id}: no version of ${name} here is meant by it any more: take its verdict out of tools/supply/advisories.json.`,
  );

if (unhandled.length + spent.length > 0) process.exitCode = 1;
else
  console.log(
    `${advisories.length} advisories, recorded ${recorded}${asked === undefined ? '' : `, and ${asked.length} of the registry`}: none holds for a package here without a verdict.`,
  );
