/**
 * Makes a clone ready to run: installs the dependencies when they are missing or older than package-lock.json, and
 * compiles when the sources are newer than dist. Needs nothing but Node and npm. Writes to stderr only, and only when
 * there is work to do. Run by itself (`node services/cli/setup.mjs`), or called by start.mjs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const LOCK_FILE = join(ROOT, 'package-lock.json');
const INSTALL_STAMP = join(ROOT, 'node_modules', '.bytefuse-stamp');
const BUILD_STAMP = join(ROOT, 'dist', '.bytefuse-stamp');
const SETUP_LOCK = join(ROOT, 'dist', '.setup-lock');
/** The page of the service runs in browsers, so it is compiled on its own. */
const COMPILED = ['tsconfig.json', join('services', 'web', 'page', 'tsconfig.json')];
const SOURCE_FOLDERS = ['services', 'fusion', 'models', 'fixtures', 'test'];

/** A holder touches its lock this often; one that is this much older belongs to a process that is gone. */
const HEARTBEAT_MS = 1_000;
const LOCK_STALE_MS = 15_000;
const LOCK_POLL_MS = 100;

/** An expected failure: printed without a stack. */
export class SetupError extends Error {}

/** @throws SetupError where installing or compiling failed */
export async function setup() {
  if (installIsFresh() && buildIsFresh()) return;
  const release = await takeLock();
  try {
    // Another process may have done the work while this one waited.
    if (!installIsFresh()) await install();
    if (!buildIsFresh()) await build();
  } finally {
    release();
  }
}

function installIsFresh() {
  const wanted = hashOf(readFileSync(LOCK_FILE));
  if (readOrEmpty(INSTALL_STAMP) === wanted) return true;
  if (!installMatchesLock()) return false;
  // A plain `npm ci` was here before us.
  writeFileSync(INSTALL_STAMP, wanted);
  return true;
}

/** npm leaves a list of what it installed. Optional packages (other platforms' binaries) may be absent from it. */
function installMatchesLock() {
  const installed = readJson(join(ROOT, 'node_modules', '.package-lock.json'))?.packages;
  if (!installed) return false;
  for (const [path, wanted] of Object.entries(readJson(LOCK_FILE)?.packages ?? {})) {
    if (path === '' || (wanted.optional && !installed[path])) continue;
    if (installed[path]?.version !== wanted.version || installed[path]?.integrity !== wanted.integrity) return false;
  }
  return true;
}

async function install() {
  const started = Date.now();
  const stopTicking = tick('Installing dependencies (npm ci; this happens once) ...', started);
  const { code, output } = await runNpm([
    'ci',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--loglevel=error',
  ]).finally(stopTicking);
  if (code !== 0) throw new SetupError(installFailure(code, output));
  writeFileSync(INSTALL_STAMP, hashOf(readFileSync(LOCK_FILE)));
  say(`Dependencies installed in ${seconds(started)}.`);
}

function installFailure(code, output) {
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ENOTCACHED/.exec(output);
  if (offline) {
    return (
      `Dependencies could not be installed: the package registry did not answer (${offline[0]}).\n` +
      '  Check the network or the proxy settings of npm, then run the command again. Once installed, no network is needed.'
    );
  }
  if (/EBADENGINE/.test(output)) {
    return `Dependencies could not be installed: Node ${process.version} is too old.\n  Install Node 20.9 or newer.`;
  }
  if (/ENOSPC/.test(output)) {
    return 'Dependencies could not be installed: the disk is full.\n  Free about 400 MB, then run the command again.';
  }
  return `Dependencies could not be installed: npm ci ended with ${code}.\n${lastLines(output, 15)}`;
}

function buildIsFresh() {
  return readOrEmpty(BUILD_STAMP) === sourceState();
}

/** Names, sizes and times of all sources: a few milliseconds for some hundred files, where hashing takes longer. */
function sourceState() {
  const hash = createHash('sha256');
  const note = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  };
  for (const config of COMPILED) note(join(ROOT, config));
  hash.update(readOrEmpty(INSTALL_STAMP));
  for (const folder of SOURCE_FOLDERS) {
    if (!existsSync(join(ROOT, folder))) continue;
    const names = readdirSync(join(ROOT, folder), { recursive: true }).filter((name) => name.endsWith('.ts'));
    for (const name of names.sort()) note(join(ROOT, folder, name));
  }
  return hash.digest('hex');
}

async function build() {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) {
    throw new SetupError('dist is older than the sources, and the compiler is missing.\n  Run: npm ci');
  }
  say('Compiling ...');
  const started = Date.now();
  const state = sourceState();
  for (const config of COMPILED) {
    const { code, output } = await runNode([compiler, '-p', join(ROOT, config)]);
    if (code !== 0) throw new SetupError(`The sources do not compile:\n${lastLines(output, 40)}`);
  }
  writeFileSync(BUILD_STAMP, state);
  say(`Compiled in ${seconds(started)}.`);
}

/** Waits until no other process sets up this clone. Returns the release. */
async function takeLock() {
  mkdirSync(dirname(SETUP_LOCK), { recursive: true });
  const mine = `${process.pid} ${hostname()} ${Date.now()}`;
  let told = false;
  for (;;) {
    try {
      writeFileSync(SETUP_LOCK, mine, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw new SetupError(`${SETUP_LOCK} cannot be written: ${error.message}`);
    }
    const seen = readOrEmpty(SETUP_LOCK);
    if (lockIsDead()) {
      removeDeadLock(seen);
      continue;
    }
    if (!told) say('Another process is setting this folder up; waiting for it ...');
    told = true;
    await delay(LOCK_POLL_MS);
  }
  const heartbeat = setInterval(() => {
    try {
      utimesSync(SETUP_LOCK, new Date(), new Date());
    } catch {
      // Somebody removed dist while we work: the lock is gone, and nothing is left to keep alive.
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const release = () => {
    clearInterval(heartbeat);
    if (readOrEmpty(SETUP_LOCK) === mine) rmSync(SETUP_LOCK, { force: true });
  };
  return release;
}

function lockIsDead() {
  try {
    const age = Date.now() - statSync(SETUP_LOCK).mtimeMs;
    if (age > LOCK_STALE_MS) return true;
    const [pid, host] = readFileSync(SETUP_LOCK, 'utf8').split(' ');
    if (host !== hostname() || !(Number(pid) > 0)) return false;
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // ESRCH: the holder is gone. ENOENT: it let go just now; the next attempt decides.
    return error.code === 'ESRCH';
  }
}

/** Renaming first: of two processes that see the same dead lock, one could otherwise delete the other's new one. */
function removeDeadLock(seen) {
  const aside = `${SETUP_LOCK}.${process.pid}`;
  try {
    renameSync(SETUP_LOCK, aside);
    if (readOrEmpty(aside) !== seen) linkSync(aside, SETUP_LOCK);
  } catch {
    // Someone else removed it, or took the lock meanwhile: the next attempt decides.
  }
  rmSync(aside, { force: true });
}

function runNpm(args) {
  // Under `npm start` this names the very npm that runs us; it needs no shell on any platform.
  const cli = process.env['npm_execpath'];
  if (cli && /npm(-cli)?\.c?js$/.test(cli)) return runNode([cli, ...args]);
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, process.platform === 'win32');
}

const runNode = (args) => run(process.execPath, args, false);

/** Runs a program in the project's folder; its output is kept, and shown only when it fails. */
function run(program, args, shell) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const pass = (signal) => child.kill(signal);
    const interrupted = { SIGINT: () => pass('SIGINT'), SIGTERM: () => pass('SIGTERM') };
    for (const [signal, listener] of Object.entries(interrupted)) process.on(signal, listener);
    const settle = () => {
      for (const [signal, listener] of Object.entries(interrupted)) process.off(signal, listener);
    };
    child.on('error', (error) => {
      settle();
      reject(new SetupError(`${program} could not be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      settle();
      if (signal === 'SIGINT' || signal === 'SIGTERM') reject(new SetupError('Setting up was interrupted.'));
      else resolve({ code, output });
    });
  });
}

/** One line; on a terminal it counts the seconds. */
function tick(text, startedMs) {
  if (!process.stderr.isTTY) {
    say(text);
    return () => {};
  }
  const draw = () => process.stderr.write(`\rbytefuse: ${text} ${Math.round((Date.now() - startedMs) / 1000)} s`);
  draw();
  const timer = setInterval(draw, 1_000);
  return () => {
    clearInterval(timer);
    process.stderr.write('\n');
  };
}

const say = (text) => process.stderr.write(`bytefuse: ${text}\n`);
const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');
const seconds = (startedMs) => `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n');

function readOrEmpty(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Runs the set-up and ends the process with a message where it fails. */
export async function setupOrExit() {
  try {
    await setup();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(error.message.includes('interrupted') ? 130 : 4);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await setupOrExit();
