// A checkout builds what changed. An installed package holds the sources too (`launch build` needs them), but no lock file, which npm
// leaves out; it is built, and may belong to someone else.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

if (existsSync(fileURLToPath(new URL('../package-lock.json', import.meta.url)))) {
  const { buildIfStale } = await import('../tools/build.js');
  const checkout = fileURLToPath(new URL('..', import.meta.url));
  await buildIfStale().catch((error) => {
    const advice = adviseFor(error);
    if (advice === undefined) throw error;
    process.stderr.write(`slipway: The checkout ${checkout} has to be built, and ${advice}\n`);
    process.exit(1);
  });

  function adviseFor({ code, path }) {
    if (code === 'ERR_MODULE_NOT_FOUND') return 'its packages are not installed. Run there: npm ci';
    if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) return undefined;
    return `this user may not write ${path}. As its owner, run: node ${checkout}tools/build.js`;
  }
}
