import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError, type ErrorCode } from '../../../../models/core/app-error.ts';
import type { CatalogEntry } from '../../../../models/manifest/artefact.ts';
import type { ConversionJob } from '../../../../models/manifest/converted-model.ts';
import { listModels, removeModel, verifyModel } from '../../../../models/manifest/model-inventory.ts';
import { ModelRoom, type RoomOptions } from '../../../../models/manifest/model-room.ts';
import { ModelStore } from '../../../../models/manifest/store.ts';
import {
  memorySource,
  seededBytes,
  sha256Hex,
  temporaryFolder,
  toyArtefact,
  toyConverter,
} from '../../../support/model-cache.ts';

const GGUF = Buffer.concat([Buffer.from('GGUF'), seededBytes(20_000, 21)]);
const SHARED = Buffer.from('shared by two models');
const TOY = toyArtefact('toy', { 'toy.gguf': GGUF });
const PAIR: readonly CatalogEntry[] = [
  toyArtefact('one', { 'one.gguf': GGUF, 'tokenizer.json': SHARED }),
  toyArtefact('two', { 'two.gguf': seededBytes(900, 22), 'tokenizer.json': SHARED }),
];

/** Writes a graph and a nested weights file, as real converters do. */
async function writeGraph(job: ConversionJob): Promise<void> {
  const total = (await Promise.all(Object.values(job.files).map((path) => readFile(path)))).map((b) => b.length);
  await writeFile(join(job.outDir, 'step.onnx'), `graph of ${total.join()} ${JSON.stringify(job.options)}`);
  await mkdir(join(job.outDir, 'data'));
  await writeFile(join(job.outDir, 'data', 'weights.bin'), seededBytes(500, 1));
  job.onProgress(1, 1);
}

async function newRoom(t: TestContext, more: Partial<RoomOptions> = {}): Promise<ModelRoom> {
  return new ModelRoom({
    store: new ModelStore({ root: await temporaryFolder(t), sleep: async () => {} }),
    sources: [memorySource({ 'toy.gguf': GGUF })],
    manifest: [TOY],
    converters: { llm: toyConverter('1', writeGraph) },
    ...more,
  });
}

/** The same cache, seen with other parts. */
function again(room: ModelRoom, more: Partial<RoomOptions>): ModelRoom {
  return new ModelRoom({ store: room.store, sources: [], manifest: room.manifest, ...more });
}

function failsWith(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

async function statesOf(room: ModelRoom): Promise<Record<string, string>> {
  return Object.fromEntries((await listModels(room)).map((status) => [status.name, status.state]));
}

test('ensure downloads and converts once, then answers from the cache without any part of it', async (t) => {
  const room = await newRoom(t);
  const folder = await room.ensure('toy');
  assert.deepEqual((await readdir(folder)).sort(), ['complete.json', 'data', 'step.onnx']);
  const complete: { files: { path: string }[] } = JSON.parse(await readFile(join(folder, 'complete.json'), 'utf8'));
  assert.deepEqual(
    complete.files.map((file) => file.path),
    ['data/weights.bin', 'step.onnx'],
  );
  // Neither the sources nor the download itself are needed any more, and nothing is locked or written.
  await room.store.removeBlob(TOY.files[0]!.sha256);
  await rm(join(room.store.root, 'locks'), { recursive: true });
  const converter = toyConverter('1');
  assert.equal(await again(room, { converters: { llm: converter }, offline: true }).ensure('toy'), folder);
  assert.equal(converter.runs, 0);
  assert.ok(!(await readdir(room.store.root)).includes('locks'));
});

test('two callers at once convert once', async (t) => {
  const converter = toyConverter('1', writeGraph);
  const room = await newRoom(t, { converters: { llm: converter } });
  // Either may come first, so both have the sources.
  const other = again(room, { converters: { llm: converter }, sources: [memorySource({ 'toy.gguf': GGUF })] });
  const [first, second] = await Promise.all([room.ensure('toy'), other.ensure('toy')]);
  assert.equal(first, second);
  assert.equal(converter.runs, 1);
});

test('other options make another folder; a new converter version replaces the old one', async (t) => {
  const room = await newRoom(t);
  const plain = await room.ensure('toy');
  const full = await room.ensure('toy', { convertOptions: { vocabulary: 'full' } });
  assert.notEqual(plain, full);
  assert.match(await readFile(join(full, 'step.onnx'), 'utf8'), /"vocabulary":"full"/);
  const newer = again(room, { converters: { llm: toyConverter('2', writeGraph) } });
  const renewed = await newer.ensure('toy');
  const left = await readdir(join(room.store.root, 'converted'));
  assert.deepEqual(left.sort(), [basename(full), basename(renewed)].sort());
});

test('a conversion that fails leaves nothing behind, and the next one starts clean', async (t) => {
  const failing = toyConverter('1', async (job) => {
    await writeGraph(job);
    throw new AppError('model_format', 'tensor x is missing');
  });
  const room = await newRoom(t, { converters: { llm: failing } });
  await assert.rejects(room.ensure('toy'), failsWith('model_format', /tensor x/));
  assert.deepEqual(await readdir(join(room.store.root, 'converted')), []);
  assert.deepEqual(await statesOf(room), { toy: 'downloaded' });
  await again(room, { converters: { llm: toyConverter('1', writeGraph) } }).ensure('toy');
});

test('what a killed conversion left is not taken for a model, and goes', async (t) => {
  const room = await newRoom(t);
  const folder = await room.ensure('toy');
  await rm(folder, { recursive: true });
  const left = room.store.convertedPath(`.tmp-${basename(folder)}-of-a-dead-process`);
  await mkdir(left);
  await writeFile(join(left, 'step.onnx'), 'half');
  assert.deepEqual(await statesOf(room), { toy: 'downloaded' });
  await room.ensure('toy');
  assert.deepEqual(await readdir(join(room.store.root, 'converted')), [basename(folder)]);
});

test('a cut ready file is seen at once and made anew', async (t) => {
  const room = await newRoom(t);
  const folder = await room.ensure('toy');
  await writeFile(join(folder, 'step.onnx'), 'x');
  assert.equal(await room.ensure('toy'), folder);
  assert.match(await readFile(join(folder, 'step.onnx'), 'utf8'), /graph of/);
});

test('verify finds a damaged blob and a damaged ready file, and pull repairs both', async (t) => {
  const room = await newRoom(t);
  const folder = await room.ensure('toy');
  assert.equal((await verifyModel(room, 'toy')).verdict, 'ok');
  const damaged = Buffer.from(GGUF);
  damaged[9999]! ^= 1;
  await writeFile(room.store.blobPath(sha256Hex(GGUF)), damaged);
  const weights = join(folder, 'data', 'weights.bin');
  await writeFile(weights, seededBytes(500, 2));
  const report = await verifyModel(room, 'toy');
  assert.equal(report.verdict, 'corrupt');
  assert.deepEqual(
    report.files.map((file) => `${file.where} ${file.path} ${file.state}`),
    ['source toy.gguf corrupt', 'converted data/weights.bin corrupt', 'converted step.onnx ok'],
  );
  await room.pull('toy');
  assert.equal((await verifyModel(room, 'toy')).verdict, 'ok');
  assert.ok((await readFile(weights)).equals(seededBytes(500, 1)));
});

test('a damaged blob is not converted: ensure fetches it anew', async (t) => {
  const room = await newRoom(t);
  await room.pull('toy', { convert: false });
  await writeFile(room.store.blobPath(sha256Hex(GGUF)), Buffer.alloc(GGUF.length));
  await assert.rejects(
    again(room, { converters: { llm: toyConverter('1') } }).convert('toy'),
    failsWith('model_corrupt', /toy\.gguf/),
  );
  await room.ensure('toy');
  assert.equal((await verifyModel(room, 'toy')).verdict, 'ok');
});

test('space for the conversion is checked before the download', async (t) => {
  const store = new ModelStore({ root: await temporaryFolder(t), freeBytes: async () => (64 << 20) + 30_000 });
  const room = await newRoom(t, { store });
  await assert.rejects(room.ensure('toy'), failsWith('disk_full', /Getting toy/));
  assert.equal((await listModels(room))[0]!.state, 'absent');
});

test('the licence notice is shown once, at the first download', async (t) => {
  const notices: string[] = [];
  const onNotice = (name: string, notice: string): void => void notices.push(`${name}|${notice}`);
  const room = await newRoom(t, { onNotice });
  await room.ensure('toy');
  await removeModel(room, 'toy');
  await room.ensure('toy');
  assert.deepEqual(notices, ['toy|toy: MIT']);
});

test('remove keeps what another model shares', async (t) => {
  const contents = { 'one.gguf': GGUF, 'two.gguf': seededBytes(900, 22), 'tokenizer.json': SHARED };
  const room = await newRoom(t, { manifest: PAIR, sources: [memorySource(contents)] });
  await room.ensure('one');
  await room.ensure('two');
  assert.ok((await removeModel(room, 'one')) > GGUF.length);
  assert.deepEqual(await statesOf(room), { one: 'partial', two: 'ready' });
  assert.equal((await verifyModel(room, 'two')).verdict, 'ok');
  await removeModel(room, 'two');
  assert.deepEqual(await statesOf(room), { one: 'absent', two: 'absent' });
});

test('an unknown name lists the known ones', async (t) => {
  const room = await newRoom(t);
  await assert.rejects(room.ensure('toi'), failsWith('model_unknown', /no model toi; known are toy/));
});

async function whisperFolder(t: TestContext, model: Buffer): Promise<string> {
  const folder = join(await temporaryFolder(t), 'My Whisper');
  await mkdir(folder);
  await writeFile(join(folder, 'model.bin'), model);
  await writeFile(join(folder, 'config.json'), '{}');
  await writeFile(join(folder, 'tokenizer.json'), '{}');
  await writeFile(join(folder, 'README.md'), 'not needed');
  return folder;
}

const CT2 = Buffer.concat([Buffer.from([6, 0, 0, 0]), seededBytes(3000, 30)]);

test('import takes a Whisper folder, and the original may go', async (t) => {
  const room = await newRoom(t, { converters: { whisper: toyConverter('w1', writeGraph) } });
  const folder = await whisperFolder(t, CT2);
  const pulled = await room.importPath(folder);
  assert.equal(pulled.name, 'my-whisper');
  await rm(folder, { recursive: true });
  assert.equal(await room.ensure('my-whisper'), pulled.folder);
  assert.equal((await verifyModel(room, 'my-whisper')).verdict, 'ok');
  const status = (await listModels(room)).find((candidate) => candidate.name === 'my-whisper')!;
  assert.deepEqual([status.kind, status.state, status.licence], ['whisper', 'ready', 'unknown']);
});

test('importing the bytes of a known model makes that model ready, whatever the file is called', async (t) => {
  const room = await newRoom(t, { sources: [] });
  const path = join(await temporaryFolder(t), 'renamed.gguf');
  await writeFile(path, GGUF);
  assert.equal((await room.importPath(path)).name, 'toy');
  assert.deepEqual(await statesOf(room), { toy: 'ready' });
});

test('a name that is taken is refused, the same import again is not', async (t) => {
  const room = await newRoom(t);
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'mine.gguf'), Buffer.concat([GGUF, GGUF]));
  await room.importPath(folder);
  await room.importPath(folder);
  await writeFile(join(folder, 'mine.gguf'), Buffer.concat([GGUF, SHARED]));
  await assert.rejects(room.importPath(folder), failsWith('invalid_option', /--name/));
  await assert.rejects(room.importPath(folder, { name: 'toy' }), failsWith('invalid_option', /toy/));
  assert.equal((await room.importPath(folder, { name: 'Other One' })).name, 'other-one');
});

test('import says what was found and what was expected', async (t) => {
  const room = await newRoom(t);
  const folder = await temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  await writeFile(at('text.gguf'), 'hello');
  await writeFile(at('empty.gguf'), '');
  await mkdir(at('nothing'));
  await mkdir(at('many'));
  await writeFile(join(at('many'), 'a.gguf'), GGUF);
  await writeFile(join(at('many'), 'b.gguf'), GGUF);
  const half = await whisperFolder(t, CT2);
  await rm(join(half, 'tokenizer.json'));
  const foreign = await whisperFolder(t, Buffer.from('PK\x03\x04 a PyTorch file'));
  const cases: [string, ErrorCode, RegExp][] = [
    [at('nowhere'), 'file_not_found', /nowhere/],
    [at('text.gguf'), 'model_format', /begins with 0x6c6c6568, expected 0x46554747/],
    [at('empty.gguf'), 'file_empty', /0 bytes/],
    [at('nothing'), 'model_format', /neither model\.bin/],
    [at('many'), 'model_format', /2 GGUF files; name one of them: a\.gguf, b\.gguf/],
    [half, 'model_format', /tokenizer\.json is missing/],
    [join(foreign, 'model.bin'), 'model_format', /begins with 0x04034b50, expected a CTranslate2 version/],
  ];
  for (const [path, code, message] of cases) await assert.rejects(room.importPath(path), failsWith(code, message));
});

test('a hub model needs the network once: offline it says so', async (t) => {
  const room = await newRoom(t, { offline: true });
  await assert.rejects(
    room.pullHub({ repo: 'o/r', commit: 'a'.repeat(40), file: null }),
    failsWith('source_offline', /hub/),
  );
  const local = await newRoom(t);
  await assert.rejects(
    local.pullHub({ repo: 'o/r', commit: 'a'.repeat(40), file: null }),
    failsWith('source_unavailable', /hub only/),
  );
});
