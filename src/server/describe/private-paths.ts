import { readdirSync } from 'node:fs';

/** Cuts the paths of this machine out of a text that leaves it: what they end in stays. */
export type HidePaths = (text: string) => string;

/**
 * A filter for paths that begin in one of the given folders at the root of the file system, so that a node's name
 * (`/model/layers.0/MatMul`) is not taken for one.
 */
export function createPathFilter(roots: readonly string[]): HidePaths {
  const first = roots.map((name) => name.replace(/[^\w-]/g, String.raw`\$&`)).join('|');
  const quoted = new RegExp(String.raw`(['"])(?:file://)?/(?:${first})/[^'"\n]*\1`, 'g');
  const bare = new RegExp(String.raw`(?<![\w/.])(?:file://)?/(?:${first})(?:/[^\s/'"\`,;()]+)+/?`, 'g');
  return (text) =>
    text
      .replace(quoted, (path: string, quote: string) => quote + lastPart(path.slice(1, -1)) + quote)
      .replace(bare, lastPart);
}

/** `/srv/models/m/1/model.onnx` -> `.../model.onnx`. In linear time: texts quote names that clients chose, and those may be all slashes. */
function lastPart(path: string): string {
  return `.../${path.split('/').findLast((part) => part !== '') ?? ''}`;
}

/** Where the runtime was built: its source lines stand in its messages. */
const buildRoots = ['onnxruntime_src', '__w', '_work'];

/** The filter for this machine. */
export const hidePaths = createPathFilter([...listRoots(), ...buildRoots]);

function listRoots(): readonly string[] {
  try {
    return readdirSync('/');
  } catch {
    return ['app', 'home', 'root', 'srv', 'tmp', 'usr', 'var'];
  }
}
