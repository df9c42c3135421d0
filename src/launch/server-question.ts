import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

/** A server's answer to a GET. */
export interface ServerAnswer {
  readonly status: number;
  readonly text: string;
}

const limitMs = 3000;
const longestText = 65_536;

/** Asks a server once, on a connection of its own, and rejects with the reason where none answers within three seconds. */
export function askServer(url: string, signal?: AbortSignal): Promise<ServerAnswer> {
  return new Promise((resolve, reject) => {
    const isTls = url.startsWith('https:');
    // Nothing secret is sent, and the certificate is for the names by which clients call the server, not for the address here.
    const options = { agent: false as const, rejectUnauthorized: false, ...(signal === undefined ? {} : { signal }) };
    const request = (isTls ? getHttps : getHttp)(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        if (text.length < longestText) text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
    request.on('error', reject).on('close', () => {
      clearTimeout(timer);
      // A connection that closes in the middle of an answer raises no error of its own.
      reject(new Error('the connection was closed before the answer was whole'));
    });
  });
}
