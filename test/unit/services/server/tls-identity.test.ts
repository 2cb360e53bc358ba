import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { AppError } from '../../../../models/core/app-error.ts';
import { readTlsIdentity } from '../../../../services/server/tls-identity.ts';
import { certificateFiles, testCertificate } from '../../../support/certificate.ts';

const refused = (pattern: RegExp) => (error: AppError) => error.code === 'tls_unusable' && pattern.test(error.message);

test('a certificate and its key are taken, for TLS 1.2 and newer', async (t) => {
  const made = testCertificate();
  const identity = await readTlsIdentity(await certificateFiles(t, made));
  assert.deepEqual(identity, { ...made, minVersion: 'TLSv1.2' });
});

test('dates are looked at: before, within and after', async (t) => {
  const fromMs = Date.UTC(2030, 0, 1);
  const toMs = Date.UTC(2031, 0, 1);
  const files = await certificateFiles(t, testCertificate({ fromMs, toMs }));
  await assert.rejects(readTlsIdentity(files, fromMs - 1), refused(/not valid before Jan {2}1 00:00:00 2030 GMT/));
  await readTlsIdentity(files, fromMs);
  await readTlsIdentity(files, toMs - 1);
  await assert.rejects(readTlsIdentity(files, toMs), refused(/expired at Jan {2}1 00:00:00 2031 GMT/));
});

const sealed = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey;

type Files = Awaited<ReturnType<typeof certificateFiles>>;
const BROKEN = '-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n';

const faults: readonly [string, (files: Files) => Promise<void>, RegExp][] = [
  ['no certificate there', ({ certPath }) => rm(certPath), /certificate .*cert\.pem cannot be read \(ENOENT\)/],
  ['no key there', ({ keyPath }) => rm(keyPath), /key .*key\.pem cannot be read \(ENOENT\)/],
  ['a certificate that is none', ({ certPath }) => writeFile(certPath, 'x'), /cert\.pem holds no certificate in PEM/],
  ['a key that is none', ({ keyPath }) => writeFile(keyPath, ''), /key\.pem holds no private key in PEM/],
  ['a key with a password', ({ keyPath }) => writeFile(keyPath, sealed), /key\.pem has a password/],
  ['a chain that is broken', ({ certPath }) => appendFile(certPath, BROKEN), /cert\.pem cannot be served: /],
  ['the key of another', ({ keyPath }) => writeFile(keyPath, testCertificate().key), /key\.pem is not that of/],
];

for (const [name, break_, message] of faults) {
  test(`refused: ${name}`, async (t: TestContext) => {
    const files = await certificateFiles(t);
    await break_(files);
    await assert.rejects(readTlsIdentity(files), refused(message));
  });
}
