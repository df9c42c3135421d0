/** Paths of other model servers, and slips, each with what is meant here; `$1` and `$2` stand for what the pattern found. */
const familiar: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/^\/(ping|live(z|ness)?|healthz?)$/, 'GET /v2/health/live tells whether the server answers, and GET /v2/health/ready whether it is ready.'],
  [/^\/(v2\/)?(ready(z|iness)?|health)$/, 'GET /v2/health/ready tells whether the server is ready.'],
  [/^\/models$/, 'The models are listed by GET /v2/models, and with their states by POST /v2/repository/index.'],
  [/^\/models\/([^/]+)(\/.*)?$/, 'A model is described by GET /v2/models/$1, and loaded by POST /v2/repository/models/$1/load.'],
  [/^\/v2\/(?:repository\/)?models\/([^/]+)\/(load|unload|index)$/, 'Models are loaded and unloaded by POST /v2/repository/models/$1/load and .../unload.'],
  [/^\/v2\/models\/([^/]+)\/metadata$/, 'GET /v2/models/$1 answers with its metadata.'],
  [/^\/v2\/models\/([^/]+)(?:\/versions\/[^/]+)?:?\/?predict$/, 'Expected POST /v2/models/$1/infer, /v1/models/$1:predict or /predictions/$1.'],
  [/^\/v1\/models\/([^/]+)\/(predict|infer)$/, 'Expected POST /v1/models/$1:predict.'],
  [/^\/v2\/models\/([^/]+)\/generate(_stream)?$/, 'Text is not generated here: expected POST /v2/models/$1/infer or /predictions/$1.'],
  [/^\/v2\/(models\/[^/]+\/)?(system|cuda|xla)sharedmemory(\/|$)/, 'Shared memory is not offered: send tensors as binary data.'],
  [/^\/v2\/(models\/[^/]+\/)?(trace\/setting|logging)$/, 'Traces and the log are set when the server starts: OTEL_EXPORTER_OTLP_ENDPOINT, --log-level.'],
  [/^\/(explanations\/.*|v1\/models\/[^/]+\/explain)$/, 'Explanations are not offered: expected POST /predictions/{model}.'],
  [/^\/predictions\/([^/]+)\/(\d+(?:\.\d+)*)$/, 'A version is named by /predictions/$1/versions/N, where N is a whole number.'],
  [/^\/predictions\/([^/]+)\/[^/]+$/, 'curl -T adds the name of the file to an address that ends with a slash: expected /predictions/$1 without one.'],
  [/^\/(predictions?|predict|infer|invocations|classify|detect)$/, 'Expected POST /predictions/{model}; the models are listed by GET /v2/models.'],
  [/^\/(api-description|swagger\.json|openapi\.ya?ml)$/, 'The API is described by GET /openapi.json.'],
  [/^\/(swagger(-ui)?|redoc|api)(\/.*)?$/, 'The API is described at /docs.'],
]; // prettier-ignore

/** What to ask for instead of a path that other servers have; undefined for one that means nothing. */
export function adviseFor(path: string): string | undefined {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  for (const [pattern, advice] of familiar) {
    const match = pattern.exec(plain);
    if (match !== null) return advice.replaceAll('$1', match[1] ?? '');
  }
  return undefined;
}
