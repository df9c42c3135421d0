/** Work that is done once for all who ask for it in one turn of the event loop: a connection may bring 1,000 requests in one. */
export function onceATurn<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    if (begun === undefined) {
      begun = work();
      setImmediate(() => (begun = undefined));
    }
    return begun;
  };
}
