/** A model to measure. */
export interface Subject {
  readonly name: string;
  /** Folder of the model in the layout of a repository, or the lone file; absent where only a server elsewhere has it. */
  readonly source?: { readonly kind: 'folder' | 'file'; readonly path: string };
  readonly weights: 'random' | 'given';
}

/** A subject as it stands in the repository that the servers under test are given. */
export interface StagedSubject extends Subject {
  /** The file that is served; absent where only a server elsewhere has the model. */
  readonly modelPath?: string;
}
