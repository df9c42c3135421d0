// One version everywhere. `node tools/release.js VERSION [--dry-run] [--date YYYY-MM-DD]`
// Writes the version into package.json, the lock file, the Dockerfiles, docker-bake.hcl and README.md, turns "Unreleased" of CHANGELOG.md into the version's
// heading, and makes one commit and one tag `vVERSION`. It pushes and publishes nothing.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const usage =
  'Usage: node tools/release.js VERSION [--dry-run] [--date YYYY-MM-DD], with a version such as 0.2.0 or 1.0.0-rc.1';
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

/** Ends with a sentence and exit code 2. */
function refuse(text) {
  console.error(text);
  process.exit(2);
}

/** `1.2.3-rc.1` as what orders it: three numbers, then whether it is final, then the rest. */
function parseVersion(text) {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-([\w.]+))?$/.exec(text ?? '');
  return match === null ? undefined : { numbers: match.slice(1, 4).map(Number), label: match[4] };
}

function isNewer(next, last) {
  for (const at of [0, 1, 2]) {
    if (next.numbers[at] !== last.numbers[at]) return next.numbers[at] > last.numbers[at];
  }
  if (next.label === undefined || last.label === undefined) return next.label === undefined && last.label !== undefined;
  return next.label.localeCompare(last.label, 'en', { numeric: true }) > 0;
}

/** Every place that states the version, as the text around it. */
function placesOf(last, next, date) {
  const dockerfiles = ['cpu', 'gpu', 'cuda'].map((variant) => ({
    file: `docker/Dockerfile.${variant}`,
    from: `ARG VERSION=${last}\n`,
    to: `ARG VERSION=${next}\n`,
  }));
  const json = { from: `"name": "slipway",\n  "version": "${last}"`, to: `"name": "slipway",\n  "version": "${next}"` };
  const rootOfLock = {
    from: `"name": "slipway",\n      "version": "${last}"`,
    to: `"name": "slipway",\n      "version": "${next}"`,
  };
  const bake = { from: `variable "VERSION" { default = "${last}" }`, to: `variable "VERSION" { default = "${next}" }` };
  return [
    { file: 'package.json', ...json },
    { file: 'package-lock.json', ...json },
    { file: 'package-lock.json', ...rootOfLock },
    ...dockerfiles,
    { file: 'docker/docker-bake.hcl', ...bake },
    { file: 'README.md', from: `slipway-${last}.tgz`, to: `slipway-${next}.tgz` },
    { file: 'CHANGELOG.md', from: '## Unreleased\n', to: `## Unreleased\n\n## ${next} - ${date}\n` },
  ];
}

/** The files as they become. Refuses where a place does not state the last version. */
function rewrite(places) {
  const texts = new Map();
  for (const { file, from, to } of places) {
    const text = texts.get(file) ?? readFileSync(file, 'utf8');
    if (text.split(from).length !== 2)
      refuse(`${file} should hold ${JSON.stringify(from)} once. Make it so, then try again.`);
    texts.set(
      file,
      text.replace(from, () => to),
    );
  }
  return texts;
}

const [, , version, ...options] = process.argv;
const isDry = options.includes('--dry-run');
const date = options.includes('--date')
  ? options[options.indexOf('--date') + 1]
  : new Date().toISOString().slice(0, 10);
const { version: last } = JSON.parse(readFileSync('package.json', 'utf8'));
const next = parseVersion(version);
if (next === undefined || !/^\d{4}-\d\d-\d\d$/.test(date ?? '')) refuse(usage);
if (!isNewer(next, parseVersion(last))) refuse(`${version} is not newer than ${last}, which package.json has.`);
const texts = rewrite(placesOf(last, version, date));
const section = /## Unreleased\n([^]*?)(?=\n## |$)/.exec(readFileSync('CHANGELOG.md', 'utf8'))?.[1]?.trim() ?? '';
if (section === '') refuse('CHANGELOG.md says nothing under "Unreleased". Write what users notice, then try again.');

console.log(`${last} -> ${version}, ${date}`);
for (const file of texts.keys()) console.log(`  ${file}`);
console.log(`commit "Release ${version}", tag v${version}\n\n${section}\n`);
if (isDry) {
  console.log('Nothing was changed: --dry-run.');
} else {
  if (git('status', '--porcelain') !== '')
    refuse('There are changes that are not committed. Commit or stash them first.');
  if (git('tag', '--list', `v${version}`) !== '') refuse(`The tag v${version} exists.`);
  for (const [file, text] of texts) writeFileSync(file, text);
  git('commit', '--quiet', '--message', `Release ${version}`, '--', ...texts.keys());
  git('tag', '--annotate', `v${version}`, '--message', `Slipway ${version}\n\n${section}`);
  console.log(`Then: git push --follow-tags; docker buildx bake -f docker/docker-bake.hcl all; npm pack`);
}
