// A checkout builds what changed. An installed package holds the sources too (`launch build` needs them), but no lock file, which npm
// leaves out; it is built, and may belong to someone else.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

if (existsSync(fileURLToPath(new URL('../package-lock.json', import.meta.url)))) {
  const { buildIfStale } = await import('../tools/build.js');
  await buildIfStale().catch((error) => {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
    const checkout = fileURLToPath(new URL('..', import.meta.url));
    process.stderr.write(
      `slipway: The checkout ${checkout} has to be built, and this user may not write ${error.path}. As its owner, run: node ${checkout}tools/build.js\n`,
    );
    process.exit(1);
  });
}
