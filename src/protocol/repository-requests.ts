import { AppError } from '../errors.js';
import { readParameters, refuseRepeat } from './v2/decode-tensor.js';
import { ascii, JsonReader } from './json/reader.js';
import { skipValue } from './json/nesting.js';
import type { Parameters } from './types.js';

/** Decodes the body of a repository index request: none, empty, or `{"ready": bool}`; true lists only ready models. */
export function parseIndexRequest(body: Buffer | undefined): { readonly onlyReady: boolean } {
  let onlyReady = false;
  readBody(body, (reader, key) => {
    if (key !== 'ready') {
      skipValue(reader);
      return;
    }
    const byte = reader.peek();
    if (byte !== ascii.lowerT && byte !== ascii.lowerF) {
      throw new AppError('INVALID_INPUT', "Invalid value for 'ready': expected a boolean");
    }
    onlyReady = reader.readBoolean("'ready'");
  });
  return { onlyReady };
}

/** Decodes the body of a load request: none, empty, or `parameters` with the text of a configuration. */
export function parseLoadRequest(body: Buffer | undefined): { readonly configText?: string } {
  return toLoadOverrides(readOnlyParameters(body));
}

/** What the parameters of a load ask for. Throws INVALID_INPUT. */
export function toLoadOverrides(parameters: Parameters): { readonly configText?: string } {
  for (const [name, value] of parameters) {
    if (name.startsWith('file:')) {
      fail(`load parameter '${name}' is not supported: put the model's files into the repository instead`);
    }
    if (name !== 'config') fail(`unknown load parameter '${name}': expected 'config'`);
    if (typeof value !== 'string') fail("load parameter 'config' must be a string of JSON");
  }
  const config = parameters.get('config');
  return config === undefined ? {} : { configText: String(config) };
}

/** Decodes the body of an unload request: none, empty, or `{"parameters": {"unload_dependents": bool}}`. */
export function parseUnloadRequest(body: Buffer | undefined): { readonly unloadDependents: boolean } {
  return toUnloadOptions(readOnlyParameters(body));
}

/** What the parameters of an unload ask for. Throws INVALID_INPUT. */
export function toUnloadOptions(parameters: Parameters): { readonly unloadDependents: boolean } {
  const value = parameters.get('unload_dependents') ?? false;
  if (typeof value !== 'boolean') fail("unload parameter 'unload_dependents' must be true or false");
  return { unloadDependents: value };
}

function readOnlyParameters(body: Buffer | undefined): Parameters {
  let parameters: Parameters | undefined;
  readBody(body, (reader, key) => {
    if (key !== 'parameters') {
      skipValue(reader);
      return;
    }
    refuseRepeat(reader, key, parameters);
    parameters = readParameters(reader, 'the request', true);
  });
  return parameters ?? new Map();
}

function readBody(body: Buffer | undefined, field: (reader: JsonReader, key: string) => void): void {
  if (body === undefined || body.length === 0) return;
  const reader = new JsonReader(body);
  if (reader.peek() === -1) return;
  reader.readObject('the request', (key) => {
    if (!reader.takeNull()) field(reader, key);
  });
  reader.finish();
}

function fail(message: string): never {
  throw new AppError('INVALID_INPUT', message);
}
