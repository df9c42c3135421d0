/** The output of a container that is followed from its first byte. */
export interface Attached {
  readonly id: string;
  /** Settles when the output has ended. */
  readonly drained: Promise<void>;
  readonly exitCode: Promise<number>;
}
