import { createRequire } from 'node:module';

/** Whether the image library's code for this platform is installed, which npm takes for optional. None of it is loaded to know. */
export function isDecoderInstalled(): boolean {
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('sharp'));
    const { optionalDependencies } = require('../package.json') as { readonly optionalDependencies: object };
    return Object.keys(optionalDependencies).some((name) => holdsBinary(require, name));
  } catch {
    return false;
  }
}

function holdsBinary(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(`${name}/sharp.node`);
    return true;
  } catch {
    return false;
  }
}
