/** Certificates for tests, made as they are needed: Node reads X.509 and writes none. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateDates {
  readonly fromMs?: number;
  readonly toMs?: number;
}

const DAY_MS = 86_400_000;

/** Signed by itself, for localhost and 127.0.0.1; valid from yesterday until tomorrow unless told otherwise. */
export function testCertificate({
  fromMs = Date.now() - DAY_MS,
  toMs = Date.now() + DAY_MS,
}: CertificateDates = {}): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ECDSA_SHA256,
    NAME,
    sequence(time(fromMs), time(toMs)),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(OID_SUBJECT_ALT_NAME, der(0x04, ALT_NAMES)))),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  return { cert: pem(sequence(body, ECDSA_SHA256, signature)), key: pemKey(privateKey) };
}

/** Both in files of a folder that goes with the test. */
export async function certificateFiles(t: Pick<TestContext, 'after'>, { cert, key } = testCertificate()) {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const files = { certPath: join(folder, 'cert.pem'), keyPath: join(folder, 'key.pem') };
  await writeFile(files.certPath, cert);
  await writeFile(files.keyPath, key);
  return files;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const integer = (value: number) => der(0x02, Buffer.from([value]));

/** GeneralizedTime: 20261231235959Z. */
const time = (ms: number) => der(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')));

/** 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
/** 2.5.29.17 */
const OID_SUBJECT_ALT_NAME = der(0x06, Buffer.from('551d11', 'hex'));
/** commonName (2.5.4.3) = bytefuse test */
const NAME = sequence(
  der(0x31, sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from('bytefuse test')))),
);
const ALT_NAMES = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g)!;
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function pemKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
