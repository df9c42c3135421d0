import type { OwnNames } from '../access/known-names.js';
import type { Answer } from './answers.js';

/** What the thread starts with. */
export interface HealthPortData {
  readonly host: string;
  readonly port: number;
  readonly basePath: string;
  /** One cell, which the HTTP thread counts up while it turns. */
  readonly pulse: SharedArrayBuffer;
  /** How often it does, in milliseconds. */
  readonly pulseMs: number;
  readonly ownNames: OwnNames;
  readonly pages: { readonly allowedHosts: readonly string[]; readonly allowedOrigins: readonly string[] };
  /** Whether `/metrics` may be asked here; where it asks for a key, only the server's own port does. */
  readonly hasMetrics: boolean;
}

/** Metrics as text. */
export interface Exposition {
  readonly text: string;
  readonly contentType: string;
}

/** HTTP thread to health port. */
export type ToHealthPort =
  { readonly kind: 'health'; readonly health: Answer } | { readonly kind: 'metrics'; readonly exposition: Exposition };

/** Health port to HTTP thread. */
export type FromHealthPort =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'scrape' };
