/** One mount as a flag asks for it. Sources are absolute paths, or names of volumes. */
export type MountRequest = BindMount | VolumeMount | TmpfsMount;

/** A path of the host inside the container. */
export interface BindMount {
  readonly type: 'bind';
  readonly source: string;
  /** Absolute path inside the container. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Whether the engine makes a missing source folder: -v does, --mount does not. */
  readonly createSource: boolean;
  /** `z`: label for all containers, `Z`: for this one alone (SELinux). */
  readonly relabel?: 'z' | 'Z';
  readonly propagation?: string;
  readonly recursive?: 'disabled' | 'writable' | 'readonly';
  readonly consistency?: string;
}

/** A volume of the engine inside the container. */
export interface VolumeMount {
  readonly type: 'volume';
  /** Undefined: a new, nameless one. */
  readonly source?: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly subpath?: string;
  readonly driver?: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Memory as a folder inside the container. */
export interface TmpfsMount {
  readonly type: 'tmpfs';
  readonly target: string;
  readonly sizeBytes?: number;
  /** Permission bits. */
  readonly mode?: number;
  readonly readOnly: boolean;
}

/** Where relative paths start, and whose paths they are. */
export interface PathBase {
  readonly cwd: string;
  readonly homeFolder: string;
  readonly platform: NodeJS.Platform;
}
