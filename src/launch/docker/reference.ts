/** An image's name taken apart: `host:5000/team/app:1.0`. */
export interface ImageReference {
  /** Host of the registry; undefined: the default one. */
  readonly registry?: string;
  /** With the registry, without tag and digest. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Takes an image's name apart as the docker CLI does: the first part is a registry if it has a dot, a port or is `localhost`. */
export function parseReference(text: string): ImageReference {
  const [named = '', digest] = text.split('@');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const name = hasTag ? named.slice(0, colon) : named;
  const [first = '', ...others] = name.split('/');
  const isHost = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return {
    name,
    ...(isHost ? { registry: first } : {}),
    ...(hasTag ? { tag: named.slice(colon + 1) } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** A name as docker shows it: without the default registry, which Podman writes out. */
export function toShortName(name: string): string {
  return name.replace(/^(index\.)?docker\.io\/(library\/)?/, '');
}

/** A name as an engine lists it: `:latest` where neither a tag nor a digest stands. */
function withTag(ref: string): string {
  return /[:@][^/]*$/.test(ref) ? ref : `${ref}:latest`;
}

/** Whether a name means this image: by a tag (`podman build` puts localhost/ before it) or by its id. */
export function isMeant({ id, tags }: { readonly id: string; readonly tags: readonly string[] }, ref: string): boolean {
  const name = toShortName(withTag(ref));
  return (
    tags.includes(name) ||
    tags.includes(`localhost/${name}`) ||
    id === ref ||
    (/^[\da-f]{12,64}$/.test(ref) && id.startsWith(`sha256:${ref}`))
  );
}
