import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { evalCommandOver, ITEMS_FAILED_STATUS } from '../../../../services/cli/eval-command.ts';
import type { EvalParts } from '../../../../services/eval/run/eval-request.ts';
import type { EvalSystem } from '../../../../services/eval/run/eval-system.ts';
import { temporaryFolder } from '../../../support/model-cache.ts';
import { toyItems, toyParts, toySystem } from '../../../support/toy-evaluation.ts';

async function run(
  t: TestContext,
  systems: readonly EvalSystem[],
  args: readonly string[],
  more: Partial<EvalParts> = {},
) {
  const folder = await temporaryFolder(t);
  let stdout = '';
  let status = 0;
  const stream = new PassThrough();
  const command = evalCommandOver({
    signal: new AbortController().signal,
    setStatus: (value) => {
      status = value;
    },
    parts: { ...toyParts(toyItems(4, { durationS: 1 }), systems), ...more },
    out: (text) => {
      stdout += text;
    },
    // A stream that is no terminal is all that the reporter needs.
    stream: stream as unknown as NodeJS.WriteStream,
  });
  const failure = await command
    .exitOverride()
    .parseAsync(['asr', '--data', folder, '--report', join(folder, 'out'), ...args], { from: 'user' })
    .then(() => null)
    .catch((error: unknown) => error);
  return { folder, stdout, status, stderr: String(stream.read() ?? ''), failure };
}

test('tables on stdout, progress on stderr, results in the folder', async (t) => {
  const worse = toySystem('first', (item) => item.references[0]!.replace('word', 'bird'));
  const { stdout, stderr, status, folder, failure } = await run(t, [worse, toySystem('second')], []);
  assert.equal(failure, null);
  assert.equal(status, 0);
  assert.match(stdout, /^asr: 4 items of /);
  assert.match(stdout, /\nsystem +metric +slice +value \[95%\] +items\nfirst +errors/);
  assert.match(stdout, /\nsecond +peak memory +\d/);
  assert.match(
    stdout,
    /Against first:\n.*\nsecond +WER +\u221233\.33 \[\u221233\.33, \u221233\.33\] +\u2212100\.00% .* +100% of draws\n$/,
  );
  assert.match(stderr, /1 of 8 results.*\nReport folder: .*out; page: .*report\.html\n$/s);
  assert.equal(JSON.parse(await readFile(join(folder, 'out', 'results.json'), 'utf8')).format, 'bytefuse-eval');
});

test('--json prints results.json; the page of the report is named', async (t) => {
  const writeReport = async (folder: string) => join(folder, 'report.html');
  const { stdout, stderr, folder } = await run(t, [toySystem('a')], ['--json'], { writeReport });
  assert.equal(stdout, await readFile(join(folder, 'out', 'results.json'), 'utf8'));
  assert.match(stderr, /; page: .*report\.html\n$/);
});

test('failed items are listed at the end and set a status of their own', async (t) => {
  const failing = toySystem('a', (item) => {
    if (item.id === 'item-3') throw new AppError('audio_corrupt', 'no frame in it');
    return item.references[0]!;
  });
  const { stdout, status } = await run(t, [failing], []);
  assert.equal(status, ITEMS_FAILED_STATUS);
  assert.match(
    stdout,
    /\n\nOne result failed; it counts as empty:\n {2}item-3 by a: no frame in it \[audio_corrupt\]\n$/,
  );
});

test('a run that ends early says how it goes on; -q says nothing', async (t) => {
  const losing = toySystem('a', (item) => {
    if (item.id === 'item-2') throw new AppError('peer_lost', 'gone');
    return '';
  });
  const { stdout, stderr, failure } = await run(t, [losing], []);
  assert.ok(failure instanceof AppError && failure.code === 'peer_lost');
  assert.equal(stdout, '');
  assert.match(stderr, /What was done is kept\. Go on with the same command and --report .*out\n$/);
  assert.equal((await run(t, [toySystem('a')], ['-q'])).stderr, '');
});

test('compare prints what the parts say, and names the page', async (t) => {
  const folder = await temporaryFolder(t);
  const asked: unknown[] = [];
  let stdout = '';
  const stream = new PassThrough();
  const command = evalCommandOver({
    signal: new AbortController().signal,
    setStatus: () => assert.fail('no status'),
    parts: {
      ...toyParts([], []),
      compareRuns: async (...args) => {
        asked.push(args);
        return { text: 'better\n', reportPath: join(folder, 'compare.html') };
      },
    },
    out: (text) => {
      stdout += text;
    },
    stream: stream as unknown as NodeJS.WriteStream,
  });
  await command.parseAsync(['compare', 'a', 'b', '--report', folder], { from: 'user' });
  assert.deepEqual(asked, [['a', 'b', folder]]);
  assert.equal(stdout, 'better\n');
  assert.match(String(stream.read()), /^Page: .*compare\.html\n$/);
});
