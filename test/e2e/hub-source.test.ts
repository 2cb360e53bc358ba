/** The hub source against a stand-in server on the loopback, and whole processes that share a cache. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AppError, type ErrorCode } from '../../models/core/app-error.ts';
import type { CatalogEntry } from '../../models/manifest/artefact.ts';
import { hubSource } from '../../models/manifest/hub-source.ts';
import { listModels, verifyModel } from '../../models/manifest/model-inventory.ts';
import { ModelRoom, type RoomOptions } from '../../models/manifest/model-room.ts';
import { ModelStore } from '../../models/manifest/store.ts';
import { HubStandIn } from '../support/hub-stand-in.ts';
import { memorySource, seededBytes, temporaryFolder, toyArtefact, toyConverter } from '../support/model-cache.ts';

const REPO = 'toys/whisper-toy';
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const MODEL = Buffer.concat([Buffer.from([6, 0, 0, 0]), seededBytes(600_000, 41)]);
const FILES: Readonly<Record<string, Buffer>> = {
  'README.md': Buffer.from('# toy'),
  'config.json': Buffer.from('{"lang_ids":[]}'),
  'model.bin': MODEL,
  'tokenizer.json': Buffer.from('{"model":{}}'),
  'vocabulary.txt': Buffer.from('a\nb\n'),
};
const SPEC = { repo: REPO, commit: COMMIT, file: null };
const TURBO: CatalogEntry = {
  name: 'whisper-turbo',
  kind: 'whisper',
  title: 'Toy',
  licence: { id: 'MIT', notice: 'MIT' },
  hub: { repo: REPO, commit: COMMIT },
  sizeBytesAbout: 1,
};

async function newHub(t: TestContext, files = FILES): Promise<HubStandIn> {
  const hub = await HubStandIn.start(REPO, COMMIT, files);
  t.after(() => hub.close());
  return hub;
}

async function newRoom(t: TestContext, url: string, more: Partial<RoomOptions> = {}): Promise<ModelRoom> {
  const env = { HF_ENDPOINT: url };
  return new ModelRoom({
    store: new ModelStore({ root: await temporaryFolder(t), sleep: async () => {} }),
    sources: [hubSource({ env, idleMsMax: 500 })],
    converters: { whisper: toyConverter('1'), llm: toyConverter('1') },
    manifest: [TURBO],
    env,
    ...more,
  });
}

function failsWith(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

test('a repository at a commit becomes a model: only its model files, all verified', async (t) => {
  const hub = await newHub(t);
  const room = await newRoom(t, hub.url);
  const pulled = await room.pullHub(SPEC);
  assert.deepEqual([pulled.name, pulled.kind], ['whisper-toy', 'whisper']);
  assert.equal((await verifyModel(room, 'whisper-toy')).verdict, 'ok');
  const record = (await room.store.record('whisper-toy'))!;
  assert.deepEqual(
    record.files.map((file) => file.path),
    ['config.json', 'model.bin', 'tokenizer.json', 'vocabulary.txt'],
  );
  assert.ok((await readFile(room.store.blobPath(record.files[1]!.sha256))).equals(MODEL));
  const before = hub.sentBytes;
  assert.equal(await room.ensure('whisper-toy'), pulled.folder);
  assert.equal(hub.sentBytes, before);
});

test('a size of the manifest is pinned when it is first asked for', async (t) => {
  const hub = await newHub(t);
  const room = await newRoom(t, hub.url);
  assert.equal((await listModels(room))[0]!.state, 'absent');
  const folder = await room.ensure('whisper-turbo');
  assert.equal(await room.ensure('whisper-turbo'), folder);
  assert.deepEqual(
    (await listModels(room)).map(({ name, state }) => [name, state]),
    [['whisper-turbo', 'ready']],
  );
});

test('a connection that breaks twice is resumed by ranges', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  hub.faults.cutAfterBytes = [200_000, 100_000];
  const room = await newRoom(t, hub.url);
  await room.pullHub(SPEC);
  const last = MODEL.length - 1;
  const ranges = hub.rangesOf('m.gguf');
  assert.equal(ranges.length, 3);
  assert.equal(ranges[0], null);
  for (const range of ranges.slice(1)) assert.match(range!, new RegExp(`^bytes=[1-9]\\d*-${last}$`));
  assert.ok(hub.sentBytes < MODEL.length + 200_000, `${hub.sentBytes} bytes were sent`);
});

test('a server that knows no ranges is read from the start again', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  hub.faults.cutAfterBytes = [200_000];
  hub.faults.ignoreRanges = true;
  const room = await newRoom(t, hub.url);
  const { name } = await room.pullHub(SPEC);
  assert.equal((await verifyModel(room, name)).verdict, 'ok');
});

test('a server that falls silent is given up after the idle limit', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  hub.faults.stall = true;
  hub.faults.cutAfterBytes = Array.from({ length: 10 }, () => 1000);
  const room = await newRoom(t, hub.url, { sources: [hubSource({ env: { HF_ENDPOINT: hub.url }, idleMsMax: 50 })] });
  await assert.rejects(room.pullHub(SPEC), failsWith('source_unavailable', /nothing came for 0\.05 s/));
  assert.equal((await readdir(join(room.store.root, 'partial'))).length, 1);
});

test('no network, a closed door and a missing file are told apart', async (t) => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address() as { port: number };
  await new Promise((resolve) => free.close(resolve));
  const nowhere = await newRoom(t, `http://127.0.0.1:${port}`);
  await assert.rejects(nowhere.pullHub(SPEC), failsWith('source_unavailable', /could not list .*ECONNREFUSED/));

  const hub = await newHub(t);
  const room = await newRoom(t, hub.url);
  hub.faults.status = 401;
  await assert.rejects(room.pullHub(SPEC), failsWith('source_unavailable', /status 401.*HF_TOKEN/));
  hub.faults.status = 404;
  await assert.rejects(room.pullHub(SPEC), failsWith('source_unavailable', /status 404/));
  hub.faults.status = null;
  const pinned = toyArtefact('pinned', { 'gone.gguf': MODEL }, { hub: { repo: REPO, commit: COMMIT } });
  const asked = await newRoom(t, hub.url, { manifest: [pinned] });
  await assert.rejects(asked.ensure('pinned'), failsWith('source_unavailable', /gone\.gguf.*status 404/));
});

test('wrong bytes are refused, found and expected are told, and the next source is asked', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  hub.faults.wrongBytes = true;
  const pinned = toyArtefact('pinned', { 'm.gguf': MODEL }, { hub: { repo: REPO, commit: COMMIT } });
  const room = await newRoom(t, hub.url, { manifest: [pinned] });
  await assert.rejects(room.ensure('pinned'), failsWith('hash_mismatch', /found sha256 \w{64} .*expected \w{64}/));
  const both = await newRoom(t, hub.url, {
    manifest: [pinned],
    sources: [hubSource({ env: { HF_ENDPOINT: hub.url } }), memorySource({ 'm.gguf': MODEL })],
  });
  await both.ensure('pinned');
  assert.equal((await verifyModel(both, 'pinned')).verdict, 'ok');
});

test('a repository without a model, and one with several, are refused with what to do', async (t) => {
  const none = await newRoom(t, (await newHub(t, { 'README.md': Buffer.from('x') })).url);
  await assert.rejects(none.pullHub(SPEC), failsWith('model_format', /neither/));
  const hub = await newHub(t, { 'a.gguf': MODEL, 'b.gguf': Buffer.from('GGUF small') });
  const two = await newRoom(t, hub.url);
  await assert.rejects(two.pullHub(SPEC), failsWith('model_format', new RegExp(`hub:${REPO}@${COMMIT}:a.gguf`)));
  const { name } = await two.pullHub({ ...SPEC, file: 'b.gguf' });
  assert.equal(name, 'b');
  assert.deepEqual(hub.rangesOf('a.gguf'), []);
});

test('the bytes of a known model count as that model', async (t) => {
  const hub = await newHub(t, { 'other-name.gguf': MODEL });
  const room = await newRoom(t, hub.url, { manifest: [toyArtefact('known', { 'm.gguf': MODEL })] });
  assert.equal((await room.pullHub(SPEC)).name, 'known');
  assert.deepEqual(
    (await listModels(room)).map(({ name, state }) => [name, state]),
    [['known', 'ready']],
  );
});

test('a token goes only where it is one', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_toy' };
  await (await newRoom(t, hub.url, { env, sources: [hubSource({ env })] })).pullHub(SPEC);
  assert.ok(hub.requests.every((request) => request.authorization === 'Bearer hf_toy'));
});

test('cancel stops the transfer and keeps what came', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  hub.faults.pieceBytes = 20_000;
  const abort = new AbortController();
  const room = await newRoom(t, hub.url, {
    onProgress: (event) => {
      if (event.phase === 'download' && event.doneBytes > 50_000) abort.abort();
    },
  });
  await assert.rejects(room.pullHub(SPEC, { signal: abort.signal }), failsWith('canceled', /m\.gguf/));
  hub.faults.pieceBytes = null;
  await room.pullHub(SPEC);
  assert.match(hub.rangesOf('m.gguf').at(-1)!, /^bytes=[1-9]/);
});

interface Run {
  readonly child: ChildProcess;
  readonly done: Promise<{ code: number | null; output: string }>;
}

function pullProcess(url: string, home: string, countFile: string): Run {
  const script = fileURLToPath(new URL('../support/pull-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, `hub:${REPO}@${COMMIT}`, countFile], {
    env: { ...process.env, BYTEFUSE_HOME: home, BYTEFUSE_OFFLINE: '', HF_ENDPOINT: url, HF_TOKEN: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return { child, done: new Promise((resolve) => child.on('close', (code) => resolve({ code, output }))) };
}

test('two processes at once: one download, one conversion, the same folder', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  hub.faults.pieceBytes = 60_000;
  const home = await temporaryFolder(t);
  const countFile = join(home, 'count');
  const runs = [pullProcess(hub.url, home, countFile), pullProcess(hub.url, home, countFile)];
  const [first, second] = await Promise.all(runs.map((run) => run.done));
  assert.deepEqual([first!.code, second!.code], [0, 0], `${first!.output}${second!.output}`);
  assert.equal(first!.output, second!.output);
  assert.equal(hub.rangesOf('m.gguf').length, 1);
  assert.equal(await readFile(countFile, 'utf8'), 'converted\n');
  assert.deepEqual(await readdir(join(home, 'partial')), []);
});

test('a process that is killed halfway leaves a part and a lock, and the next one goes on', async (t) => {
  const hub = await newHub(t, { 'm.gguf': MODEL });
  hub.faults.pieceBytes = 20_000;
  const home = await temporaryFolder(t);
  const countFile = join(home, 'count');
  const first = pullProcess(hub.url, home, countFile);
  while (hub.sentBytes < 200_000) await new Promise((resolve) => setTimeout(resolve, 5));
  first.child.kill('SIGKILL');
  await first.done;
  assert.ok((await readdir(join(home, 'locks'))).length > 0);
  hub.faults.pieceBytes = null;
  const second = await pullProcess(hub.url, home, countFile).done;
  assert.equal(second.code, 0, second.output);
  assert.match(hub.rangesOf('m.gguf').at(-1)!, /^bytes=[1-9]\d*-/);
  assert.deepEqual(await readdir(join(home, 'locks')), []);
});
