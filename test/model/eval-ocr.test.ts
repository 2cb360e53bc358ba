/** `bytefuse eval ocr` with the real models: two fixture pages by two settings, and what the report holds of them. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { EvalResults, ItemResult } from '../../services/eval/results.ts';
import { runCli } from '../support/cli-process.ts';
import { PROJECT_ROOT } from '../support/project-files.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';

const PAGES = join(PROJECT_ROOT, 'fixtures', 'pages');
const texts = JSON.parse(await readFile(join(PAGES, 'pages.json'), 'utf8')).texts as Record<string, string[]>;
const skip = ((await cachedModel('pp-ocrv6')) === null || (await cachedModel('gemma-3-270m')) === null) && pullHint;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bytefuse-eval-ocr-'));
  for (const name of ['page.png', 'line-tr.png']) await copyFile(join(PAGES, name), join(folder, name));
  const rows = [
    { file: 'page.png', lang: 'mul', text: texts['page.png']!.join('\n'), set: 'pages' },
    { file: 'line-tr.png', lang: 'tr', text: texts['line-tr.png']!.join('\n'), set: 'lines' },
  ];
  await writeFile(join(folder, 'manifest.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});
after(() => rm(folder, { recursive: true, force: true }));

test('pages are read by our own engine under each setting, with lines, confidences and stages', { skip }, async () => {
  const report = join(folder, 'report');
  const { status, stdout, stderr } = await runCli([
    'eval',
    'ocr',
    '--data',
    folder,
    '--report',
    report,
    '--draws',
    '50',
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /ocr: 2 items of /);
  const results = JSON.parse(await readFile(join(report, 'results.json'), 'utf8')) as EvalResults;
  assert.deepEqual(
    results.systems.map(({ name }) => name),
    ['mode=greedy', 'default'],
  );
  assert.deepEqual(
    results.models.map(({ name, role }) => [name, role]),
    [
      ['pp-ocrv6', 'recognizer'],
      ['gemma-3-270m', 'language model'],
    ],
  );
  const items = (await readFile(join(report, 'items.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ItemResult);
  assert.equal(items.length, 4);
  for (const { id, hypothesis, reference, confidences, timings, error } of items) {
    assert.equal(error, undefined);
    assert.equal(hypothesis, reference, id);
    assert.ok(
      confidences!.length > 3 && confidences!.every(([confidence, right]) => confidence > 0.5 && right === 1),
      id,
    );
    assert.ok(timings!['recognizeMs']! > 0 && timings!['totalMs']! >= timings!['recognizeMs']!, id);
  }
});
