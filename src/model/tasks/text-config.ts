/** From texts to the inputs of a model, by the tokenizer in its folder. */
export interface TextConfig {
  /** The input of token numbers, rows x tokens. */
  readonly ids: string;
  /** The input that says which tokens count (1) and which are padding (0). */
  readonly mask?: string;
  /** The input that says which text of a pair a token belongs to. */
  readonly types?: string;
  /** Most tokens of a text or pair, special ones included; what is beyond is cut off. */
  readonly maxLength: number;
  /** Tokens of every row, where the model declares them. */
  readonly fixedLength?: number;
}

/** How the vectors of tokens become one. */
export type Pooling = 'mean' | 'cls' | 'max' | 'none';

/** From an output to one vector for each input. */
export interface EmbeddingConfig {
  readonly output: string;
  /** `none`: the output holds one vector a row. */
  readonly pooling: Pooling;
  /** Whether vectors are made one long (Euclidean). */
  readonly normalize: boolean;
  /** Lengths that vectors may be cut to (Matryoshka), where the model was trained for it. */
  readonly dimensions?: 'any' | readonly number[];
}

/** A text, or two that belong together. */
export type TextInput = string | readonly [string, string];

/** The token numbers of a text that was tokenised elsewhere, special ones included. */
export type TokenIds = Int32Array<ArrayBuffer>;

/** Tokens of a model that nothing says the most of. */
export const usualMaxLength = 512;

/** Most tokens that model.json may ask for. */
export const mostTokens = 65_536;
