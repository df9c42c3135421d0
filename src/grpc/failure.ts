import { Metadata, type StatusObject } from '@grpc/grpc-js';
import type { CallFailure } from './host.js';
import { grpcStatusOf } from './status.js';

/** Status texts travel in a header, of which clients take a few kilobytes. */
const longestText = 2000;

/** A failure as grpc-js sends it: with `retry-after` in the trailers where HTTP has the header. */
export function toStatus({ code, text, retryAfterSeconds }: CallFailure, metadata = new Metadata()): StatusObject {
  if (retryAfterSeconds !== undefined) metadata.set('retry-after', String(retryAfterSeconds));
  return { code: grpcStatusOf[code], details: headerText(text), metadata };
}

/** Whole characters only: what is cut out of a pair cannot be sent. */
function headerText(text: string): string {
  return Buffer.from(text.length <= longestText ? text : `${text.slice(0, longestText)} ...`).toString();
}
