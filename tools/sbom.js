// Prints a software bill of materials (CycloneDX 1.6, JSON) of a production install, from the lock file: `node tools/sbom.js > sbom.json`.
import { readFileSync } from 'node:fs';

const { name, version, license } = JSON.parse(readFileSync('package.json', 'utf8'));
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));

/** Packages that name their licence in a form that the lock file does not take over. */
const older = { buildcheck: 'MIT', 'cpu-features': 'MIT', ssh2: 'MIT' };

const purlOf = (of, at) => `pkg:npm/${of.replace('@', '%40')}@${at}`;

/** `sha512-BASE64` as the format has hashes. */
function hashesOf(integrity = '') {
  return integrity.split(/\s+/).flatMap((each) => {
    const [, bits, base64] = /^sha(\d+)-(.+)$/.exec(each) ?? [];
    return bits === undefined ? [] : [{ alg: `SHA-${bits}`, content: Buffer.from(base64, 'base64').toString('hex') }];
  });
}

const components = Object.entries(packages)
  .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
  .map(([path, found]) => {
    const of = path.replace(/^.*node_modules\//, '');
    const license = found.license ?? older[of];
    return {
      type: 'library',
      'bom-ref': path,
      name: of,
      version: found.version,
      purl: purlOf(of, found.version),
      hashes: hashesOf(found.integrity),
      ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
      scope: found.optional ? 'optional' : 'required',
    };
  });

const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: {
    component: {
      type: 'application',
      'bom-ref': name,
      name,
      version,
      purl: purlOf(name, version),
      licenses: [{ expression: license }],
    },
  },
  components,
};
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`);
