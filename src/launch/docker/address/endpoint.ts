/** PEM texts for a TLS connection to an engine. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The engine's certificate is not checked. */
  readonly skipVerify: boolean;
}

/** How an engine is reached. */
export type DockerAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'npipe'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsMaterial }
  | { readonly kind: 'ssh'; readonly destination: string; readonly port?: number; readonly socketPath?: string };

/** The engine that a command talks to, and who chose it. */
export interface DockerEndpoint {
  /** As the docker CLI writes it: `unix:///var/run/docker.sock`, `ssh://me@box`. */
  readonly url: string;
  /** What chose it: `--context`, `-H`, `DOCKER_HOST`, `DOCKER_CONTEXT`, a config file, or the default that was found. */
  readonly source: string;
  /** Name of the docker context, where one was used. */
  readonly context?: string;
  readonly address: DockerAddress;
  /** Host name for URLs of published ports when the engine is on another machine; undefined: this machine. */
  readonly remoteHost?: string;
}

/** Whether an address is a socket of Podman's, by its name: `podman.sock`, `podman-machine-default-api.sock`. */
export const isPodmans = ({ address }: DockerEndpoint): boolean =>
  address.kind === 'unix' && /podman[^/]*\.sock$/.test(address.path);

/** What gives a user a Podman of their own. */
export const startOwnPodman =
  'systemctl --user start podman.socket, then export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/podman/podman.sock';
