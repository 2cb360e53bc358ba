/** Certificate and key under TLS: read and checked as one, and taken anew when their files are renewed. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { AppError } from '../../models/core/app-error.ts';
import { TLS_FILES_LOOK_MS } from './limits.ts';

export interface TlsFiles {
  /** PEM: the certificate of this service first, then those that lead to its root. */
  readonly certPath: string;
  /** PEM, without a password. */
  readonly keyPath: string;
  /** How often they are looked at for renewal; a minute by default. */
  readonly lookMs?: number;
}

/** What a server needs to speak TLS. */
export type TlsIdentity = Required<Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion'>>;

/**
 * Reads both files, and finds out what is wrong with them before a client does. `nowMs`: milliseconds since 1970.
 * Throws tls_unusable: a file that cannot be read or is no PEM, a key of another certificate, one that is not valid now.
 */
export async function readTlsIdentity({ certPath, keyPath }: TlsFiles, nowMs = Date.now()): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([textOf(certPath, 'certificate'), textOf(keyPath, 'key')]);
  const certificate = certificateIn(cert, certPath);
  if (!certificate.checkPrivateKey(keyIn(key, keyPath))) {
    throw unusable(`The key ${keyPath} is not that of the certificate ${certPath}.`);
  }
  const { validFrom, validTo } = certificate;
  if (Date.parse(validTo) <= nowMs) throw unusable(`The certificate ${certPath} expired at ${validTo}.`);
  if (Date.parse(validFrom) > nowMs) throw unusable(`The certificate ${certPath} is not valid before ${validFrom}.`);
  // Older versions have known weaknesses, and no client of today needs them.
  const identity: TlsIdentity = { cert, key, minVersion: 'TLSv1.2' };
  try {
    createSecureContext(identity);
  } catch (error) {
    // A broken link in the chain, or a key that is too short.
    throw unusable(`The certificate ${certPath} cannot be served: ${reasonOf(error)}.`, error);
  }
  return identity;
}

/** A server under TLS, as `node:https` has it. */
export interface TlsServer {
  setSecureContext(identity: TlsIdentity): void;
}

/**
 * Gives the server what is new in the files; open connections stay. What cannot be used is told to `log`, and the old identity is
 * kept: one file is always renewed before the other. Returns what ends it.
 */
export function followRenewals(
  server: TlsServer,
  files: TlsFiles,
  log: { info(text: string): void; error(fields: object, text: string): void },
): () => void {
  const look = (): void => {
    readTlsIdentity(files).then(
      (identity) => {
        server.setSecureContext(identity);
        log.info('TLS: renewed certificate taken');
      },
      (err: unknown) => log.error({ err }, 'TLS: renewed certificate refused, the one before stays'),
    );
  };
  const paths = [files.certPath, files.keyPath];
  // Not by events: links that are changed elsewhere, as certbot and Kubernetes do it, give none.
  for (const path of paths) watchFile(path, { interval: files.lookMs ?? TLS_FILES_LOOK_MS, persistent: false }, look);
  return () => {
    for (const path of paths) unwatchFile(path, look);
  };
}

async function textOf(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(`The ${what} ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`, error);
  }
}

function certificateIn(text: string, path: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw unusable(`${path} holds no certificate in PEM.`, error);
  }
}

function keyIn(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw unusable(`${path} ${text.includes('ENCRYPTED') ? 'has a password' : 'holds no private key in PEM'}.`, error);
  }
}

function unusable(message: string, cause?: unknown): AppError {
  return new AppError('tls_unusable', message, { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
