import { binaries } from './binaries.js';
import { bodies } from './bodies.js';
import type { Case } from './case.js';
import { paths } from './paths.js';
import { requests } from './requests.js';
import { transport } from './transport.js';
import { values } from './values.js';

/** The rows of the protocol's table that one request to a ready server decides; 2, 56 and 60 need more. */
export const cases: readonly Case[] = [...paths, ...requests, ...values, ...bodies, ...binaries, ...transport];
