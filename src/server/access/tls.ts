import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { AppError, messageOf } from '../../errors.js';
import { omitUndefined } from '../../omit-undefined.js';
import type { Log } from '../log/log.js';
import type { TlsFiles } from '../settings/settings.js';
import { FollowedFiles, followIntervalMs } from './followed-files.js';

/** What a server proves itself with. Knows no transport. */
export interface Tls {
  readonly asksForCertificate: boolean;
  /** In force now. */
  readonly context: () => SecureContextOptions;
  /** Calls `apply` with what comes into force from now on. */
  readonly onChange: (apply: (context: SecureContextOptions) => void) => void;
}

/**
 * Reads certificate and key, and follows them: a new pair holds for new connections within seconds; one that is half written, does not belong
 * together or cannot be read changes nothing. Throws USAGE.
 */
export async function readTls({ cert, key, clientCa }: TlsFiles, log: Log, ending: AbortSignal): Promise<Tls> {
  const listeners: ((context: SecureContextOptions) => void)[] = [];
  let inForce: SecureContextOptions = {};
  const files = new FollowedFiles({
    paths: [cert, key, ...(clientCa === undefined ? [] : [clientCa])],
    take: (contents) => {
      inForce = checkContext(contents);
      for (const apply of listeners) apply(inForce);
    },
    onTaken: () => log.info({ cert }, 'certificate reloaded: it applies to new connections'),
    onFault: (reason) => log.error({ reason }, 'the certificate could not be reloaded: the previous one stays in use'),
  });
  await files.open().catch((thrown: unknown) => {
    throw new AppError('USAGE', `--tls-cert ${cert} and --tls-key ${key}: ${messageOf(thrown)}`, { cause: thrown });
  });
  files.follow(followIntervalMs, ending);
  return {
    asksForCertificate: clientCa !== undefined,
    context: () => inForce,
    onChange: (apply) => listeners.push(apply),
  };
}

/** Throws where the parts cannot be read or do not belong together. */
function checkContext([cert, key, ca]: readonly Buffer[]): SecureContextOptions {
  const context: SecureContextOptions = {
    minVersion: 'TLSv1.2',
    ...omitUndefined({ cert, key, ca }),
  };
  if (ca !== undefined) checkAuthorities(ca.toString('latin1'));
  tryParts({ cert }, 'The file of --tls-cert holds no certificate that can be used: expected PEM');
  tryParts({ key }, 'The file of --tls-key holds no private key that can be used: expected PEM without a passphrase');
  tryParts({ cert, key }, 'The key of --tls-key is not that of the certificate of --tls-cert: expected a pair');
  createSecureContext(context);
  return context;
}

/** Throws where one cannot be used: OpenSSL takes those before it, and passes over the rest without a word. */
function checkAuthorities(pem: string): void {
  const begin = '-----BEGIN CERTIFICATE-----';
  const found = pem.split(new RegExp(`(?=${begin})`)).filter((part) => part.startsWith(begin));
  if (found.length === 0) {
    throw new AppError('USAGE', 'The file of --tls-client-ca contains no certificate: expected PEM.');
  }
  for (const [index, certificate] of found.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (cause) {
      const text = `Certificate ${index + 1} of ${found.length} in the file of --tls-client-ca cannot be used: expected PEM (${messageOf(cause)}).`;
      throw new AppError('USAGE', text, { cause });
    }
  }
}

/** Throws what is wrong with these parts, since OpenSSL does not say which of them it means. */
function tryParts(parts: SecureContextOptions, fault: string): void {
  try {
    createSecureContext(parts);
  } catch (cause) {
    throw new AppError('USAGE', `${fault} (${messageOf(cause)}).`, { cause });
  }
}
