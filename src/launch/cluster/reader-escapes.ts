/** Kubernetes puts the values of variables for `$(NAME)` in arguments and variables, and reads `$$` as one `$`. */
export function forKubernetes(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** KServe runs a container's JSON through Go's templates before Kubernetes reads it; a quote would not survive the JSON. */
export function forKserve(text: string): string {
  return forKubernetes(text).replaceAll('{{', '{{`{{`}}');
}

/** Compose and `docker stack` interpolate `$NAME`, and read `$$` as one `$`; in every text of a file. */
export function forCompose<T>(value: T): T {
  return mapTexts(value, (text) => text.replaceAll('$', '$$$$')) as T;
}

/** Swarm runs variables and mounts through Go's templates (`{{.Node.Hostname}}`) when a task starts. */
export function forSwarmTemplate(text: string): string {
  return text.replaceAll('{{', '{{"{{"}}');
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((inner) => mapTexts(inner, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, change)]));
}
