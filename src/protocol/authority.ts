/** A host as it stands before a port: an IPv6 address in brackets. */
export function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `host:port` of a listener, seen from its own machine: one that listens on every address is reached at 127.0.0.1. */
export function addressOf(host: string, port: number): string {
  const isAnywhere = host === '' || host === '0.0.0.0' || host === '::';
  return `${bracket(isAnywhere ? '127.0.0.1' : host)}:${port}`;
}
