/** What a 401 asks for (RFC 7235), as far as registries do. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  /** Where tokens are from; '' for Basic. */
  readonly realm: string;
  readonly service: string;
}

/** Reads `WWW-Authenticate`; undefined where it holds neither Basic nor Bearer. */
export function parseChallenge(header: string): Challenge | undefined {
  const scheme = /(?:^|,\s*)(bearer|basic)(?=\s|$|,)/i.exec(header);
  if (scheme === null) return undefined;
  const rest = header.slice(scheme.index + scheme[0].length);
  const fields = new Map<string, string>();
  for (const [, name = '', quoted, bare] of rest.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g))
    fields.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  return {
    scheme: scheme[1]?.toLowerCase() === 'basic' ? 'basic' : 'bearer',
    realm: fields.get('realm') ?? '',
    service: fields.get('service') ?? '',
  };
}
