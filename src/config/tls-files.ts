/** The files of TLS: the certificate and key of the data plane, and further authorities for Kling. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Secret } from '../secret.ts';
import type { Config } from './config.ts';
import { invalid, readSecretFile, type SecretFileRules } from './secret-file.ts';

interface FileReading {
  rules: SecretFileRules;
  /** Takes the files that were read. */
  files: Set<string>;
}

interface TlsFiles {
  /** The chain, as PEM. */
  certificate: string;
  key: Secret;
}

/** Reads the certificate and key of `listen.tls`. @throws SidecarError `secret_invalid`. */
export function readTls(tls: Config['listen']['tls'], reading: FileReading): TlsFiles | null {
  if (!tls) return null;
  const certificate = readPublic('listen.tls.certFile', tls.certFile);
  const key = readSecretFile('listen.tls.keyFile', tls.keyFile, reading.rules);
  reading.files.add(tls.certFile).add(tls.keyFile);
  checkPair(certificate, key);
  return { certificate, key: new Secret(key) };
}

/** Refuses a key that is not the certificate's. @throws SidecarError `secret_invalid`, with neither of them. */
export function checkPair(certificate: string, key: string): void {
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    // OpenSSL's own text names the fault and never shows a key.
    const why = cause instanceof Error ? cause.message : 'an error';
    throw invalid(
      'listen.tls',
      `has a certificate and key that cannot be used together (${why})`,
      'check the files',
    );
  }
}

/** Refuses an `upstream.caFile` that holds no certificate. @throws SidecarError `secret_invalid`. */
export function checkAuthorities(caFile: string | null, reading: FileReading): void {
  if (caFile === null) return;
  const text = readPublic('upstream.caFile', caFile);
  reading.files.add(caFile);
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw invalid('upstream.caFile', `names ${caFile}, which holds no PEM certificate`, 'give a PEM file');
  }
}

/** Reads a file that is no secret. @throws SidecarError `secret_invalid`, naming the key `name`. */
export function readPublic(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw invalid(name, `names ${file}, which cannot be read (${code})`, 'check path and permissions', cause);
  }
}
