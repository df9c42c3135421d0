// Pins the images that ours stand on: asks each one's registry for the digest of its tag, writes it into docker/bases.json, and `tag@digest`
// wherever a file of ours names the image. `node tools/supply/bases.js [--check | --current] [--from HOST[/PATH]]`
//   --check    asks nobody: whether the files name what docker/bases.json has, and nothing else
//   --current  changes nothing: whether the tags still have the digests that are recorded
//   --from     a registry or mirror that is asked in place of each image's own; the docker config's credentials are used
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../build.js';

const lockFile = 'docker/bases.json';
const files = [
  ...['cpu', 'gpu', 'cuda'].map((variant) => `docker/Dockerfile.${variant}`),
  'docker/docker-bake.hcl',
  '.devcontainer/Dockerfile',
];
const { values } = parseArgs({
  options: { check: { type: 'boolean' }, current: { type: 'boolean' }, from: { type: 'string' } },
});

/** A line that says what an image stands on: `ARG NODE_IMAGE=...`, `FROM ...`, `variable "NODE_IMAGE" {...}`. */
const naming = /^(?:ARG \w+_IMAGE=|FROM |variable "\w+_IMAGE").*$/gm;
const reference = /[a-z0-9][a-z0-9./-]*:[a-z0-9][\w.-]*(?:@sha256:[0-9a-f]{64})?/g;

/** Every image that a text names as a base, with its digest where it has one. */
const basesIn = (text) => [...text.matchAll(naming)].flatMap(([line]) => [...line.matchAll(reference)].map(String));
const written = ({ image, digest }) => (digest === null ? image : `${image}@${digest}`);

/** The text with the digest of each base that the lock has. */
function pin(text, bases) {
  const of = (found) => bases.find(({ image }) => image === found.split('@')[0]);
  return text.replace(naming, (line) => line.replace(reference, (found) => (of(found) ? written(of(found)) : found)));
}

/** What the files and the lock do not agree on, in sentences. */
function differences(bases) {
  const found = files.flatMap((file) => basesIn(readFileSync(file, 'utf8')).map((base) => ({ file, base })));
  const strange = found
    .filter(({ base }) => !bases.some((one) => written(one) === base))
    .map(({ file, base }) => `${file} names ${base}, which ${lockFile} does not have: node tools/supply/bases.js`);
  const unused = bases
    .filter(({ image }) => !found.some(({ base }) => base.split('@')[0] === image))
    .map(({ image }) => `${lockFile} has ${image}, which no file names: take it out`);
  return [...strange, ...unused];
}

/** `os/architecture` of every image behind a manifest or an index. */
async function platformsOf(document, registry) {
  const configs = document.manifests?.map(({ platform }) => platform ?? {}) ?? [
    await (await registry.ask(`blobs/${document.config?.digest}`)).json(),
  ];
  return configs.map(({ os, architecture }) => `${os}/${architecture}`);
}

/** The digest that a tag has now. Throws where the registry refuses, its digest is not that of its bytes, or a platform is missing. */
async function askDigest({ image, platforms }, store) {
  const path = image.split(':')[0].includes('/') ? image : `library/${image}`;
  const from = values.from ?? 'docker.io';
  const location = store.parseLocation(`${from.includes('://') ? from : `oci://${from}`}/${path}`);
  const registry = new store.Registry(location, store.world);
  const response = await registry.ask(`manifests/${location.reference}`, {
    headers: { accept: store.manifestTypes.join(', ') },
  });
  if (!response.ok) throw await store.failureOf(response, location.shown, 'Check the name and the rights.');
  const bytes = await store.readAnswer(response, location.shown);
  const digest = `sha256:${store.sha256Of(bytes)}`;
  const told = response.headers.get('docker-content-digest') ?? digest;
  if (told !== digest) throw new Error(`${location.shown}: the registry says ${told}, its manifest comes to ${digest}`);
  const found = await platformsOf(JSON.parse(bytes.toString()), registry);
  const missing = platforms.filter((platform) => !found.includes(platform));
  if (missing.length > 0)
    throw new Error(`${location.shown} is for ${found.join(', ')}: expected ${missing.join(' and ')} as well`);
  return digest;
}

/** What asks registries: the server's own code for models that are kept in them. */
async function openStore() {
  await buildIfStale();
  const [location, registry, manifest, ask, digest, world] = await Promise.all(
    ['location', 'oci/registry', 'oci/manifest', 'transfer/ask', 'transfer/digest', 'world'].map(
      (name) => import(`../../dist/src/store/${name}.js`),
    ),
  );
  const lent = { env: process.env, homeFolder: homedir(), now: Date.now };
  return { ...location, ...registry, ...manifest, ...ask, ...digest, world: world.lendStoreWorld(lent) };
}

/** Asks for every base, says each outcome, and answers the lock as it becomes. */
async function renew(bases) {
  const store = await openStore();
  const renewed = [];
  for (const base of bases) {
    try {
      const digest = await askDigest(base, store);
      const isSame = digest === base.digest;
      console.log(`${base.image}: ${isSame ? 'as recorded' : `${base.digest ?? 'not pinned'} -> ${digest}`}`);
      if (!isSame && values.current) process.exitCode = 1;
      renewed.push(isSame ? base : { ...base, digest, recorded: new Date().toISOString().slice(0, 10) });
    } catch (thrown) {
      console.error(`${base.image}: not asked: ${thrown.message}`);
      process.exitCode = 1;
      renewed.push(base);
    }
  }
  return renewed;
}

const formOf = (bases) => `[\n${bases.map((base) => `  ${JSON.stringify(base)}`).join(',\n')}\n]\n`;

let bases = JSON.parse(readFileSync(lockFile, 'utf8'));
if (!values.check) bases = await renew(bases);
if (!values.check && !values.current) {
  const { format } = await import('prettier');
  writeFileSync(lockFile, await format(formOf(bases), { parser: 'json', printWidth: 120 }));
  for (const file of files) writeFileSync(file, pin(readFileSync(file, 'utf8'), bases));
}
for (const { image } of bases.filter(({ digest }) => digest === null))
  console.error(`${image}: not pinned, for no registry was asked for it yet: node tools/supply/bases.js`);
const wrong = differences(bases);
for (const line of wrong) console.error(line);
if (wrong.length > 0) process.exitCode = 1;
