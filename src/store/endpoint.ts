import { AppError } from '../errors.js';

/** The address in the setting of this name, without slashes at its end; undefined where it is empty. Throws USAGE for another thing than an address. */
export function parseEndpoint(name: string, value = ''): string | undefined {
  if (value === '') return undefined;
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value))
    throw new AppError('USAGE', `${name} is not an address: expected one such as http://127.0.0.1:9000.`);
  return value.replace(/\/+$/, '');
}
