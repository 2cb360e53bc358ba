/**
 * Runs suites: `node dist/test/support/run.js unit property`. Lists the sources (a compiled test whose source is gone
 * does not run), hands the compiled files to `node --test`, and ends with one line of counts.
 *
 * --files=TEXT keeps the files whose path contains TEXT. --verbose prints every test, not only failures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { type Counts, countsLine, NO_COUNTS, parseCount } from './counts.ts';
import { PROJECT_ROOT } from './project-files.ts';
import { cachedModel } from './ready-models.ts';

/** Suites that load weights run one file at a time: two models at once would share the cores and the memory. */
const SUITES: Readonly<Record<string, { readonly concurrency: number; readonly timeoutMs: number }>> = {
  unit: { concurrency: availableParallelism(), timeoutMs: 300_000 },
  property: { concurrency: availableParallelism(), timeoutMs: 300_000 },
  tidy: { concurrency: availableParallelism(), timeoutMs: 300_000 },
  model: { concurrency: 1, timeoutMs: 900_000 },
  golden: { concurrency: 1, timeoutMs: 900_000 },
  e2e: { concurrency: 1, timeoutMs: 900_000 },
};

/** Node 20.9 and 20.10 do not know these options. */
const HAS_TEST_LIMITS = !/^v20\.(9|10)\./.test(process.version);

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith('-'));
  const wanted = args.find((arg) => arg.startsWith('--files='))?.slice('--files='.length) ?? '';
  const verbose = args.includes('--verbose');
  const unknown = names.filter((name) => !(name in SUITES));
  if (names.length === 0 || unknown.length > 0) {
    process.stderr.write(`usage: run.js SUITE...; suites: ${Object.keys(SUITES).join(', ')}\n`);
    return 2;
  }
  const started = Date.now();
  const counts: Counts = { ...NO_COUNTS };
  let status = 0;
  for (const group of groupsOf(names)) {
    const files = group.flatMap((name) => testFiles(name)).filter((file) => file.includes(wanted));
    if (files.length === 0) {
      process.stdout.write(`${group.join(' ')}: no tests${wanted === '' ? '' : ` in files named *${wanted}*`}\n`);
      continue;
    }
    const result = await runGroup(group, files, verbose);
    status ||= result.status;
    for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] += result.counts[key];
  }
  process.stdout.write(`${countsLine(counts)} (${names.join(' ')}; ${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  // A run of nothing proves nothing.
  const ran = counts.passed + counts.failed + counts.skipped;
  return status !== 0 ? status : counts.failed > 0 || ran === 0 ? 1 : 0;
}

/** Suites with equal settings run in one go, so that the cores stay busy. */
function groupsOf(names: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const key = SUITES[name]!.concurrency > 1 ? 'light' : name;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

function testFiles(suite: string): string[] {
  const folder = join(PROJECT_ROOT, 'test', suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(PROJECT_ROOT, 'dist', 'test', suite, name.replace(/\.ts$/, '.js')));
}

async function runGroup(
  group: readonly string[],
  files: readonly string[],
  verbose: boolean,
): Promise<{ status: number; counts: Counts }> {
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) {
    process.stdout.write(`not compiled: ${missing.join(', ')}\n`);
    return { status: 1, counts: { ...NO_COUNTS, failed: missing.length } };
  }
  const { concurrency, timeoutMs } = SUITES[group[0]!]!;
  const limits = HAS_TEST_LIMITS ? [`--test-concurrency=${concurrency}`, `--test-timeout=${timeoutMs}`] : [];
  const reporter = verbose ? 'spec' : pathToFileURL(join(PROJECT_ROOT, 'dist', 'test', 'support', 'brief-reporter.js'));
  const child = spawn(
    process.execPath,
    [
      '--test',
      ...limits,
      `--test-reporter=${reporter}`,
      '--test-reporter-destination=stdout',
      '--enable-source-maps',
      ...files,
    ],
    {
      cwd: PROJECT_ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...(concurrency === 1 ? await weightPaths() : {}), ...process.env, NODE_TEST_CONTEXT: undefined },
    },
  );
  const counts = { ...NO_COUNTS };
  for await (const line of createInterface({ input: child.stdout })) {
    if (!parseCount(line, counts)) process.stdout.write(`${line}\n`);
  }
  return { status: await statusOf(child), counts };
}

/** Where the tests that want real models find them: in the cache, unless the caller's own variables say otherwise. */
async function weightPaths(): Promise<Record<string, string>> {
  const paths: Record<string, string | null> = {
    BYTEFUSE_TEST_WHISPER: await cachedModel('whisper-base'),
    BYTEFUSE_TEST_LLM: await cachedModel('gemma-3-270m'),
    BYTEFUSE_TEST_SPEECH: join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg'),
  };
  return Object.fromEntries(Object.entries(paths).filter((entry): entry is [string, string] => entry[1] !== null));
}

function statusOf(child: ChildProcess): Promise<number> {
  const of = (code: number | null, signal: NodeJS.Signals | null) =>
    code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(of(child.exitCode, child.signalCode));
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(of(code, signal))));
}

process.exitCode = await main(process.argv.slice(2));
