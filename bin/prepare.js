// A checkout has sources: build what changed. An installed package or image has only dist: nothing to do.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

if (existsSync(fileURLToPath(new URL('../tools/build.js', import.meta.url)))) {
  const { buildIfStale } = await import('../tools/build.js');
  await buildIfStale();
}
