/** What a pull or a push tells while it runs. */
export interface TransferEvents {
  /** Bytes of the file that comes now, and of how many; undefined where nobody says. */
  onProgress(progress: {
    readonly path: string;
    readonly bytes: number;
    readonly totalBytes: number | undefined;
  }): void;
  /** What was chosen, taken up again or cannot be checked. */
  onNote(text: string): void;
}
