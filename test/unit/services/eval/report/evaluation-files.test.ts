import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import {
  type LinePlace,
  readItemsAt,
  readResults,
  scanItems,
} from '../../../../../services/eval/report/evaluation-files.ts';
import { ITEM_LINE_BYTES_MAX } from '../../../../../services/eval/report/limits.ts';
import type { ItemResult } from '../../../../../services/eval/results.ts';
import { evaluationFolder, toyItem, toyResults } from '../../../../support/toy-report.ts';

const malformed = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, 'results_malformed');
  assert.match(error.message, pattern);
  return true;
};

async function scan(folder: string): Promise<{ items: ItemResult[]; places: LinePlace[] }> {
  const items: ItemResult[] = [];
  const places: LinePlace[] = [];
  await scanItems(folder, (item, place) => {
    items.push(item);
    places.push(place);
  });
  return { items, places };
}

test('lines are found again by their places, also where characters and lines cross the blocks', async (t) => {
  // 3 bytes a character and lines of growing length: some line and some character straddle the megabyte.
  const items = Array.from({ length: 400 }, (_, i) => toyItem({ id: `项${i}`, reference: '语'.repeat(7 * i + 1) }));
  const folder = await evaluationFolder(t, toyResults(), items);
  const { items: read, places } = await scan(folder);
  assert.deepEqual(read, items);
  const wanted = [399, 0, 123];
  assert.deepEqual(
    await readItemsAt(
      folder,
      wanted.map((i) => places[i]!),
    ),
    wanted.map((i) => items[i]!),
  );
});

test('empty lines are passed over, and counted', async (t) => {
  const folder = await evaluationFolder(t, toyResults(), ['', toyItem({ id: 'a' }), '  ', toyItem({ id: 'b' })]);
  const { places } = await scan(folder);
  assert.deepEqual(
    places.map(({ lineNumber }) => lineNumber),
    [2, 4],
  );
});

test('a malformed line is named by its number and its field', async (t) => {
  const good = toyItem({ id: 'a' });
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{', /items\.jsonl:2: not JSON/],
    ['[]', /items\.jsonl:2: the line is not an object/],
    [JSON.stringify({ ...good, id: 3 }), /:2: "id" is not a string/],
    [JSON.stringify({ ...good, rates: { WER: { refUnits: '1' } } }), /:2: "rates\.WER\.refUnits" is not a number/],
    [JSON.stringify({ ...good, confidences: [[0.5, 2]] }), /:2: "confidences" is not \[confidence, 0 or 1\]/],
    [JSON.stringify({ ...good, timings: { totalMs: null } }), /:2: "timings\.totalMs" is not a number/],
    [JSON.stringify({ ...good, changes: [{ from: 'a' }] }), /:2: "changes\.to" is not a string/],
  ];
  for (const [line, pattern] of cases) {
    const folder = await evaluationFolder(t, toyResults(), [good, line, good]);
    await assert.rejects(scan(folder), malformed(pattern));
  }
});

test('a last line that is cut off is called that', async (t) => {
  const folder = await evaluationFolder(t, toyResults(), []);
  const line = JSON.stringify(toyItem({ id: 'a' }));
  await writeFile(join(folder, 'items.jsonl'), `${line}\n${line.slice(0, 40)}`);
  await assert.rejects(scan(folder), malformed(/:2: not JSON \(the last line: is it cut off\?\)/));
  await writeFile(join(folder, 'items.jsonl'), `${line}\n${line}`);
  assert.equal((await scan(folder)).items.length, 2, 'a whole last line needs no newline');
});

test('a line may have as many bytes as the limit says, and not one more', async (t) => {
  const folder = await evaluationFolder(t, toyResults(), []);
  const item = toyItem({ id: 'a', reference: 'x', hypothesis: 'x', rawHypothesis: '' });
  const room = ITEM_LINE_BYTES_MAX - JSON.stringify(item).length;
  const line = (more: number) => JSON.stringify({ ...item, rawHypothesis: 'y'.repeat(room + more) });
  await writeFile(join(folder, 'items.jsonl'), `${line(0)}\n`);
  assert.equal((await scan(folder)).items.length, 1);
  await writeFile(join(folder, 'items.jsonl'), `${line(1)}\n`);
  await assert.rejects(scan(folder), malformed(/:1: a line of more than 8388608 bytes/));
});

test('results.json is checked before anything is made of it', async (t) => {
  const good = toyResults();
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ['nothing', /results\.json: not JSON/],
    [{ ...good, format: 'x' }, /"format" is not "bytefuse-eval"/],
    [{ ...good, version: 2 }, /"version" is 2; this Bytefuse reads version 1/],
    [{ ...good, task: 'tts' }, /"task" is none of/],
    [{ ...good, systems: [] }, /there is no system/],
    [{ ...good, systems: [...good.systems, ...good.systems] }, /two systems are called "r=0"/],
    [
      { ...good, systems: [{ ...good.systems[0], metrics: [{ metric: 'WER' }] }] },
      /"systems\.metrics\.slice" is not a string/,
    ],
    [{ ...good, comparisons: [{}] }, /"comparisons\.a" is not a string/],
    [{ ...good, machine: null }, /"machine" is not an object/],
  ];
  for (const [results, pattern] of cases) {
    const folder = await evaluationFolder(t, results, []);
    await assert.rejects(readResults(folder), malformed(pattern));
  }
});

test('a folder without results, or without items, is told apart from a broken one', async (t) => {
  const folder = await evaluationFolder(t, toyResults(), []);
  await rm(join(folder, 'items.jsonl'));
  await assert.rejects(scan(folder), { code: 'file_not_found' });
  await rm(join(folder, 'results.json'));
  await assert.rejects(readResults(folder), { code: 'file_not_found', message: /is no report of an evaluation/ });
});
