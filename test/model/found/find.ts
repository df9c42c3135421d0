import type { ModelJson } from '../../../src/model/config-schema.js';
import { findConfig, type FoundConfig } from '../../../src/model/found/find-config.js';
import { headerOf, value, type Dim } from '../headers.js';

/** What a model and the files beside it say. */
export interface Given {
  readonly input?: readonly Dim[];
  readonly outputs: Readonly<Record<string, readonly Dim[]>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, object>>;
  readonly json?: ModelJson;
}

/** What is found of it. */
export function find({ input = [1, 3, 64, 96], outputs, metadata = {}, files = {}, json = {} }: Given): FoundConfig {
  const values = Object.entries(outputs).map(([name, shape]) => value(name, shape));
  const header = { ...headerOf([value('images', input)], values), metadata };
  const companions = new Map(Object.entries(files).map(([name, content]) => [name, JSON.stringify(content)]));
  return findConfig(json, { header, companions });
}
