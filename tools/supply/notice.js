// Writes NOTICE: every package that the server runs with, its version, its licence, and the licence's text. `--check` compares only.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const isLicence = (name) => /^(?:licen[cs]e|copying|notice)(?:[-.].*)?$/i.test(name);

/** Packages of a production install; those of other platforms are named without a text, since they are not installed here. */
const packages = Object.entries(lock.packages)
  .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
  .sort(([a], [b]) => (a < b ? -1 : 1));

const entries = packages.map(([path, { version, license, optional }]) => {
  const name = path.replace(/^.*node_modules\//, '');
  const files = !optional && existsSync(path) ? readdirSync(path).filter(isLicence).sort() : [];
  const texts = files.map((file) =>
    readFileSync(`${path}/${file}`, 'utf8')
      .trim()
      .replaceAll(/[ \t]+$/gm, ''),
  );
  return `## ${name} ${version} (${license ?? 'see its text'})\n${texts.map((text) => `\n${text}\n`).join('')}`;
});
const head = 'Slipway is under the MIT licence (LICENSE). It runs with these packages, each under its own licence:\n';
const notice = `${head}\n${entries.join('\n')}`;

if (!process.argv.includes('--check')) writeFileSync('NOTICE', notice);
else if (!existsSync('NOTICE') || readFileSync('NOTICE', 'utf8') !== notice) {
  process.stderr.write('NOTICE is not current: node tools/supply/notice.js\n');
  process.exitCode = 1;
}
