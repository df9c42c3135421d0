import { Option } from 'commander';

/** What a page and a completion say of an option that the parser has no place for. */
export interface OptionNotes {
  /** What --help says, where that has the default in it. */
  readonly text?: string;
  /** The value without the option, as one writes it. */
  readonly fallback?: string;
  /** Values that it takes, or the usual ones of many. */
  readonly words?: readonly string[];
  /** Environment variable that says the same. */
  readonly variable?: string;
  /** Its name in a file of settings. */
  readonly configKey?: string;
}

/** An option of a command line with what its readers want to know besides. */
export class NotedOption extends Option {
  readonly notes: OptionNotes;

  constructor(flags: string, description: string, notes: OptionNotes) {
    super(flags, description);
    this.notes = notes;
  }
}
