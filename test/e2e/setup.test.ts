/** Setting up a clone, with a stand-in for npm that needs no network: it notes its calls and makes what npm would make. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CliResult, runNode } from '../support/cli-process.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';

const LOCK = '{"packages":{"node_modules/typescript":{"version":"1.0.0","integrity":"x"}}}';

/** Installs a compiler that writes a main.js which tells its arguments, folder and answers with status 7. */
const NPM = `
const fs = require('node:fs');
fs.appendFileSync('calls.log', 'npm ' + process.argv.slice(2).join(' ') + '\\n');
if (fs.existsSync('offline')) { console.error('npm error code ENOTFOUND'); process.exit(1); }
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
fs.mkdirSync('node_modules/typescript/bin', { recursive: true });
fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
fs.writeFileSync('node_modules/typescript/bin/tsc', \`
const fs = require('node:fs');
fs.appendFileSync('calls.log', 'tsc\\\\n');
fs.mkdirSync('dist/services/cli', { recursive: true });
fs.writeFileSync('dist/services/cli/main.js',
  'console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd() })); process.exitCode = 7;');
\`);
console.log('added 1 package');
`;

async function clone(t: TestContext) {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'bytefuse-clone-')));
  t.after(() => rm(root, { recursive: true, force: true }));
  const cli = join(root, 'services', 'cli');
  await mkdir(cli, { recursive: true });
  for (const name of ['setup.mjs', 'start.mjs', 'bytefuse.mjs']) {
    await cp(join(PROJECT_ROOT, 'services', 'cli', name), join(cli, name));
  }
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(join(root, 'package-lock.json'), LOCK);
  await writeFile(join(root, 'tsconfig.json'), '{}');
  await writeFile(join(cli, 'main.ts'), 'export {};');
  const tools = join(root, '..', `${root.split('/').at(-1)}-npm`);
  await mkdir(tools);
  t.after(() => rm(tools, { recursive: true, force: true }));
  const npm = join(tools, 'npm-cli.cjs');
  await writeFile(npm, NPM);
  const env = { npm_execpath: npm, npm_lifecycle_event: 'start' };
  return {
    root,
    start: (args: readonly string[] = [], more = {}): Promise<CliResult> =>
      runNode([join(cli, 'start.mjs'), ...args], { cwd: root, env: { ...env, INIT_CWD: root, ...more } }),
    calls: async () => (await readFile(join(root, 'calls.log'), 'utf8').catch(() => '')).match(/^(npm|tsc)/gm) ?? [],
  };
}

test('a fresh clone installs and compiles once; stdout, arguments and exit status are the program’s', async (t) => {
  const { root, start, calls } = await clone(t);
  const first = await start(['a b', '--c']);
  assert.equal(first.status, 7, first.stderr);
  assert.deepEqual(JSON.parse(first.stdout), { args: ['a b', '--c'], cwd: root });
  assert.match(first.stderr, /Installing dependencies[\s\S]*Dependencies installed[\s\S]*Compiling/);
  const second = await start();
  assert.equal(second.stderr, '');
  assert.deepEqual(await calls(), ['npm', 'tsc']);
});

test('npm start without a command serves; with one it does that', async (t) => {
  const { start } = await clone(t);
  const args = async (...given: string[]) => JSON.parse((await start(given)).stdout).args;
  assert.deepEqual(await args(), ['serve']);
  assert.deepEqual(await args('--port', '0'), ['serve', '--port', '0']);
  assert.deepEqual(await args('transcribe', 'a.wav'), ['transcribe', 'a.wav']);
  assert.deepEqual(await args('--help'), ['--help']);
  assert.deepEqual(await args('-V'), ['-V']);
});

test('paths mean the folder of the caller', async (t) => {
  const { start } = await clone(t);
  const caller = await realpath(tmpdir());
  const { stdout } = await start([], { INIT_CWD: caller });
  assert.equal(JSON.parse(stdout).cwd, caller);
});

test('a changed lock installs again, a changed source compiles again', async (t) => {
  const { root, start, calls } = await clone(t);
  await start();
  await writeFile(join(root, 'package-lock.json'), LOCK.replace('1.0.0', '1.0.1'));
  await start();
  assert.deepEqual(await calls(), ['npm', 'tsc', 'npm', 'tsc']);
  await utimes(join(root, 'services', 'cli', 'main.ts'), 1, 1);
  await start();
  assert.deepEqual((await calls()).slice(4), ['tsc']);
});

test('what a plain npm ci has installed is taken as it is', async (t) => {
  const { root, start, calls } = await clone(t);
  await start();
  await rm(join(root, 'node_modules', '.bytefuse-stamp'));
  await start();
  assert.deepEqual(
    (await calls()).filter((call) => call === 'npm'),
    ['npm'],
  );
});

test('several at once install once', async (t) => {
  const { start, calls } = await clone(t);
  const results = await Promise.all([start(), start(), start()]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [7, 7, 7],
  );
  assert.deepEqual(await calls(), ['npm', 'tsc']);
});

test('the lock of a process that is gone does not hold anybody up', async (t) => {
  const { root, start } = await clone(t);
  const lock = join(root, 'dist', '.setup-lock');
  await mkdir(join(root, 'dist'));
  await writeFile(lock, '1 another-machine 0');
  await utimes(lock, 1, 1);
  assert.equal((await start()).status, 7);
});

test('without a network there is a message and no stack, and the next attempt starts over', async (t) => {
  const { root, start } = await clone(t);
  await writeFile(join(root, 'offline'), '');
  const failed = await start();
  assert.equal(failed.status, 4);
  assert.equal(failed.stdout, '');
  assert.match(failed.stderr, /did not answer \(ENOTFOUND\)/);
  assert.doesNotMatch(failed.stderr, /\n\s+at /);
  await rm(join(root, 'offline'));
  assert.equal((await start()).status, 7);
});
