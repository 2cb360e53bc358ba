import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import type { FileOrigin } from '../../../../models/manifest/source.ts';
import { ModelStore, type StoreOptions } from '../../../../models/manifest/store.ts';
import {
  gitBlobHex,
  memoryOrigin,
  seededBytes,
  sha256Hex,
  temporaryFolder,
  toyArtefact,
  wanted,
} from '../../../support/model-cache.ts';

const BYTES = seededBytes(10_000, 7);
const FILE = wanted('model.bin', BYTES);
const PARTIAL = join('partial', `sha256-${FILE.digest.hex}.part`);

async function newStore(t: TestContext, more: Partial<StoreOptions> = {}): Promise<ModelStore> {
  return new ModelStore({ root: await temporaryFolder(t), sleep: async () => {}, ...more });
}

async function leavePartial(store: ModelStore, bytes: Uint8Array): Promise<void> {
  await mkdir(join(store.root, 'partial'), { recursive: true });
  await writeFile(join(store.root, PARTIAL), bytes);
}

function failsWith(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code && message.test(error.message);
}

test('a blob is named by its hash, and nothing else is left', async (t) => {
  const store = await newStore(t);
  const seen: number[] = [];
  const file = await store.addBlob(FILE, memoryOrigin(BYTES), { onBytes: (bytes) => seen.push(bytes) });
  assert.deepEqual(file, { path: 'model.bin', sizeBytes: 10_000, sha256: sha256Hex(BYTES) });
  assert.ok((await readFile(store.blobPath(file.sha256))).equals(BYTES));
  assert.equal(await store.verifyBlob(file), 'ok');
  assert.deepEqual(await readdir(join(store.root, 'partial')), []);
  assert.deepEqual(await readdir(join(store.root, 'locks')), []);
  assert.equal(seen.at(-1), 10_000);
});

test('a blob that is there is not fetched again', async (t) => {
  const store = await newStore(t);
  await store.addBlob(FILE, memoryOrigin(BYTES));
  const second = memoryOrigin(BYTES);
  await store.addBlob(FILE, second);
  assert.deepEqual(second.offsets, []);
});

test('goes on where an earlier process stopped', async (t) => {
  const store = await newStore(t);
  await leavePartial(store, BYTES.subarray(0, 6000));
  const origin = memoryOrigin(BYTES);
  await store.addBlob(FILE, origin);
  assert.deepEqual(origin.offsets, [6000]);
});

test('a partial file that turns out wrong is fetched from the start', async (t) => {
  const store = await newStore(t);
  await leavePartial(store, Buffer.alloc(6000, 1));
  const origin = memoryOrigin(BYTES);
  const file = await store.addBlob(FILE, origin);
  assert.deepEqual(origin.offsets, [6000, 0]);
  assert.equal(await store.verifyBlob(file), 'ok');
});

test('a source that cannot start in the middle is read from its start', async (t) => {
  const store = await newStore(t);
  await leavePartial(store, BYTES.subarray(0, 6000));
  const whole = memoryOrigin(BYTES);
  const origin: FileOrigin = { ...whole, read: () => whole.read(0, undefined) };
  assert.equal(await store.verifyBlob(await store.addBlob(FILE, origin)), 'ok');
});

test('a partial file longer than the file is dropped', async (t) => {
  const store = await newStore(t);
  await leavePartial(store, seededBytes(20_000, 3));
  const origin = memoryOrigin(BYTES);
  await store.addBlob(FILE, origin);
  assert.deepEqual(origin.offsets, [0]);
});

test('wrong bytes are refused, with what was found and what was expected, and nothing is kept', async (t) => {
  const store = await newStore(t);
  const wrong = seededBytes(10_000, 8);
  await assert.rejects(
    store.addBlob(FILE, memoryOrigin(wrong)),
    failsWith('hash_mismatch', new RegExp(`found sha256 ${sha256Hex(wrong)}.*expected ${FILE.digest.hex}`)),
  );
  assert.deepEqual(await readdir(join(store.root, 'partial')), []);
  assert.equal(await store.hasBlob({ path: '', sizeBytes: 10_000, sha256: FILE.digest.hex }), false);
});

test('too many and too few bytes are refused', async (t) => {
  const store = await newStore(t);
  const long = Buffer.concat([BYTES, Buffer.from('!')]);
  await assert.rejects(store.addBlob(FILE, memoryOrigin(long)), failsWith('hash_mismatch', /10001 bytes/));
  await assert.rejects(
    store.addBlob(FILE, memoryOrigin(BYTES.subarray(1))),
    failsWith('hash_mismatch', /\(9999 bytes\), expected/),
  );
});

/** Breaks after 3,000 bytes, as often as `breaks` says. */
function brittleOrigin(breaks: number, error: () => Error): FileOrigin & { readonly offsets: number[] } {
  const whole = memoryOrigin(BYTES);
  let left = breaks;
  return {
    ...whole,
    attemptsMax: 4,
    async read(offsetBytes) {
      const stream = await whole.read(offsetBytes, undefined);
      if (left-- <= 0) return stream;
      return { startBytes: offsetBytes, chunks: cut(stream.chunks, 3000, error) };
    },
  };
}

async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  afterBytes: number,
  error: () => Error,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of chunks) {
    yield chunk;
    done += chunk.length;
    if (done >= afterBytes) throw error();
  }
}

const lost = (): Error => new AppError('source_unavailable', 'connection lost');

test('a broken connection is taken up again from the byte reached', async (t) => {
  const waits: number[] = [];
  const store = await newStore(t, { sleep: async (ms) => waits.push(ms) });
  const origin = brittleOrigin(2, lost);
  await store.addBlob(FILE, origin);
  assert.deepEqual(origin.offsets, [0, 3000, 6000]);
  assert.deepEqual(waits, [500, 1000]);
});

test('after the last attempt the error comes through and the part is kept for the next process', async (t) => {
  const store = await newStore(t);
  await assert.rejects(store.addBlob(FILE, { ...brittleOrigin(9, lost), attemptsMax: 2 }), /connection lost/);
  assert.equal(await store.partialBytes(FILE), 6000);
});

test('no space left while writing keeps the part and says disk_full', async (t) => {
  const store = await newStore(t);
  const full = brittleOrigin(1, () => Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  await assert.rejects(store.addBlob(FILE, full), failsWith('disk_full', /kept/));
  assert.equal(await store.partialBytes(FILE), 3000);
});

test('free space is checked before anything is written', async (t) => {
  const store = await newStore(t, { freeBytes: async () => 100e6 });
  await assert.rejects(store.requireSpace(90e6, 'Getting x'), failsWith('disk_full', /needs 90 MB.*100 MB are free/));
  await store.requireSpace(30e6, 'Getting x');
});

test('a cache that cannot be written has an error of its own', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file');
  await writeFile(file, '');
  const store = new ModelStore({ root: join(file, 'cache') });
  await assert.rejects(store.addBlob(FILE, memoryOrigin(BYTES)), failsWith('cache_unwritable', /ENOTDIR/));
});

test('cancel keeps the part', async (t) => {
  const store = await newStore(t);
  const abort = new AbortController();
  const onBytes = (bytes: number): void => {
    if (bytes >= 2000) abort.abort();
  };
  await assert.rejects(
    store.addBlob(FILE, memoryOrigin(BYTES), { signal: abort.signal, onBytes }),
    failsWith('canceled', /model.bin/),
  );
  assert.equal(await store.partialBytes(FILE), 2000);
});

test('a file known by its git blob id is checked by that and stored by SHA-256', async (t) => {
  const store = await newStore(t);
  const file = { path: 'config.json', sizeBytes: BYTES.length, digest: gitDigest(BYTES) };
  const added = await store.addBlob(file, memoryOrigin(BYTES));
  assert.equal(added.sha256, sha256Hex(BYTES));
  const wrong = { ...file, digest: gitDigest(seededBytes(5, 5)) };
  await assert.rejects(store.addBlob(wrong, memoryOrigin(BYTES)), failsWith('hash_mismatch', /git-blob/));
});

function gitDigest(bytes: Uint8Array): { algorithm: 'git-blob'; hex: string } {
  return { algorithm: 'git-blob', hex: gitBlobHex(bytes) };
}

test('verify sees changed, shortened and missing blobs', async (t) => {
  const store = await newStore(t);
  const file = await store.addBlob(FILE, memoryOrigin(BYTES));
  const changed = Buffer.from(BYTES);
  changed[5000]! ^= 1;
  await writeFile(store.blobPath(file.sha256), changed);
  assert.equal(await store.verifyBlob(file), 'corrupt');
  await writeFile(store.blobPath(file.sha256), BYTES.subarray(1));
  assert.equal(await store.verifyBlob(file), 'corrupt');
  assert.equal(await store.hasBlob(file), false);
  await store.removeBlob(file.sha256);
  assert.equal(await store.verifyBlob(file), 'missing');
});

test('two writers of one blob fetch it once', async (t) => {
  const store = await newStore(t);
  const origins = [memoryOrigin(BYTES), memoryOrigin(BYTES)];
  await Promise.all(origins.map((origin) => store.addBlob(FILE, origin)));
  assert.equal(origins.flatMap((origin) => origin.offsets).length, 1);
});

test('a notice is shown once', async (t) => {
  const store = await newStore(t);
  assert.deepEqual([await store.markNotice('x'), await store.markNotice('x')], [true, false]);
});

test('records come back as they were, and damaged ones are left out', async (t) => {
  const store = await newStore(t);
  const artefact = toyArtefact('mine', { 'a.gguf': BYTES });
  await store.writeRecord(artefact);
  await writeFile(join(store.root, 'models', 'bad.json'), '{"format":1');
  await writeFile(join(store.root, 'models', 'newer.json'), '{"format":99,"artefact":{"files":[]}}');
  assert.deepEqual(await store.records(), [artefact]);
  await store.removeRecord('mine');
  assert.equal(await store.record('mine'), null);
  assert.ok((await stat(join(store.root, 'models'))).isDirectory());
});
