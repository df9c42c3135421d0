/** One version of a model as the version 1 protocols report it. */
export interface VersionStatus {
  readonly version: string;
  readonly isReady: boolean;
  /** Why it is not ready. */
  readonly reason?: string;
}

/** The body of `GET /v1/models/{model}`: TensorFlow Serving's and KServe's fields side by side. */
export function modelStatusBody(name: string, versions: readonly VersionStatus[]): object {
  return {
    name,
    ready: versions.some(({ isReady }) => isReady),
    model_version_status: versions.map(({ version, isReady, reason = '' }) => ({
      version,
      state: isReady ? 'AVAILABLE' : reason === '' ? 'LOADING' : 'END',
      status: { error_code: reason === '' ? 'OK' : 'UNAVAILABLE', error_message: reason },
    })),
  };
}
