// Prints a software bill of materials (CycloneDX 1.6, JSON).
//   node tools/sbom.js > sbom.json                             a production install, from the lock file
//   node tools/sbom.js --body FOLDER --modules FOLDER [...]    what an image holds: the root that it stands on, and the folders of node_modules that
//                                                              are laid over each other in it, the last on top; Node.js is the one that runs this
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { body: { type: 'string' }, modules: { type: 'string', multiple: true, default: [] } },
});
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const { name, version, license } = readJson('package.json');
const { packages } = readJson('package-lock.json');

/** Packages that name their licence in a form that the lock file does not take over. */
const older = { buildcheck: 'MIT', 'cpu-features': 'MIT', ssh2: 'MIT' };

const purlOf = (of, at) => `pkg:npm/${of.replace('@', '%40')}@${at}`;
const nameOf = (path) => path.replace(/^.*node_modules\//, '');

/** `sha512-BASE64` as the format has hashes. */
function hashesOf(integrity = '') {
  return integrity.split(/\s+/).flatMap((each) => {
    const [, bits, base64] = /^sha(\d+)-(.+)$/.exec(each) ?? [];
    return bits === undefined ? [] : [{ alg: `SHA-${bits}`, content: Buffer.from(base64, 'base64').toString('hex') }];
  });
}

/** A package of npm; `found` is its entry in the lock file, or its package.json. */
function npmComponent(path, found) {
  const of = nameOf(path);
  const license = found.license ?? older[of];
  return {
    type: 'library',
    'bom-ref': path,
    name: of,
    version: found.version,
    purl: purlOf(of, found.version),
    hashes: hashesOf(found.integrity),
    ...(typeof license === 'string' ? { licenses: [{ expression: license }] } : {}),
    scope: found.optional ? 'optional' : 'required',
  };
}

const listLocked = () =>
  Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, found]) => npmComponent(path, found));

/** Folders of packages below a node_modules, those within packages too, as paths of the lock file. */
function* walkModules(folder, path = 'node_modules') {
  for (const entry of readdirSync(folder).sort()) {
    const [at, named] = [join(folder, entry), `${path}/${entry}`];
    if (entry.startsWith('@')) yield* walkModules(at, named);
    else if (existsSync(join(at, 'package.json'))) yield [named, at];
    if (existsSync(join(at, 'node_modules'))) yield* walkModules(join(at, 'node_modules'), `${named}/node_modules`);
  }
}

/** npm's packages that are in an image, with the hashes of the lock file where they are of its version. */
function listInstalled(folders) {
  const found = new Map(folders.flatMap((folder) => [...walkModules(folder)]));
  return [...found].map(([path, at]) => {
    const own = readJson(join(at, 'package.json'));
    const locked = packages[path]?.version === own.version ? packages[path] : {};
    return npmComponent(path, { version: own.version, license: own.license, ...locked, optional: false });
  });
}

const component = (purl, { type = 'library', ...fields }) => ({ type, 'bom-ref': purl, ...fields, purl });
const generic = (of, at, type) => component(`pkg:generic/${of}@${at}`, { type, name: of, version: at });

/** ONNX Runtime's own files lie in its binding's package, and libvips with what it stands on in one of sharp's. */
function listNative(folders) {
  const found = new Map(folders.flatMap((folder) => [...walkModules(folder)]));
  return [...found].flatMap(([path, at]) => {
    if (nameOf(path) === 'onnxruntime-node')
      return [generic('onnxruntime', readJson(join(at, 'package.json')).version)];
    const versions = join(at, 'versions.json');
    if (!nameOf(path).startsWith('@img/sharp-libvips') || !existsSync(versions)) return [];
    return Object.entries(readJson(versions)).map(([of, at]) => generic(of, at));
  });
}

const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const fieldOf = (text, field) => new RegExp(`^${field}[:=] ?"?(.*?)"?$`, 'm').exec(text)?.[1];

/** Debian's or Ubuntu's packages, as dpkg wrote them down: in one file, or in one for each where nothing was installed but unpacked. */
function listSystem(body) {
  const folder = join(body, 'var/lib/dpkg/status.d');
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const texts = [
    ...textOf(join(body, 'var/lib/dpkg/status')).split(/\n\n+/),
    ...files.map((file) => textOf(join(folder, file))),
  ];
  const release = textOf(join(body, 'etc/os-release')) || textOf(join(body, 'usr/lib/os-release'));
  const [vendor, number] = [fieldOf(release, 'ID') ?? 'debian', fieldOf(release, 'VERSION_ID')];
  return texts
    .filter(
      (text) => fieldOf(text, 'Package') !== undefined && / installed$/m.test(fieldOf(text, 'Status') ?? ' installed'),
    )
    .map((text) => {
      const [of, at, arch] = ['Package', 'Version', 'Architecture'].map((field) => fieldOf(text, field) ?? '');
      const query = `arch=${arch}${number === undefined ? '' : `&distro=${vendor}-${number}`}`;
      return component(`pkg:deb/${vendor}/${of}@${encodeURIComponent(at)}?${query}`, { name: of, version: at });
    });
}

/** NVIDIA's wheels, each of which left its licence under its name and version. */
function listWheels(body) {
  const folder = join(body, 'usr/share/doc/nvidia');
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.flatMap((file) => {
    const [, of, at] = /^(.+)-([\d.]+)\.txt$/.exec(file) ?? [];
    if (of === undefined) return [];
    const named = of.replaceAll('_', '-');
    return [component(`pkg:pypi/${named}@${at}`, { name: named, version: at })];
  });
}

const listImage = ({ body, modules }) => [
  ...listInstalled(modules),
  ...listNative(modules),
  ...listSystem(body),
  ...listWheels(body),
  generic('node', process.versions.node, 'platform'),
];

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
  components: values.body === undefined ? listLocked() : listImage(values),
};
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`);
