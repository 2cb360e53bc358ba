import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETS_MAX, TYPES_MAX } from '../../../../../services/eval/metric/limits.ts';
import { MetricSummary, summarize } from '../../../../../services/eval/metric/summary.ts';
import type { ItemResult, MetricRow } from '../../../../../services/eval/results.ts';
import { itemResult, substitutions } from '../../../../support/item-result.ts';

const OPTIONS = { seed: 1, draws: 200 };
const find = (rows: readonly MetricRow[], metric: string, slice = '') =>
  rows.find((row) => row.metric === metric && row.slice === slice);

test('corpus rates sum errors over units, by language and collection as well', () => {
  const rows = summarize(
    [
      itemResult({ id: '1', set: 'x', rates: { WER: substitutions(1, 4), CER: substitutions(2, 20) } }),
      itemResult({ id: '2', set: 'x', rates: { WER: substitutions(2, 2), CER: substitutions(8, 10) } }),
      itemResult({ id: '3', set: 'y', language: 'zh', rates: { CER: substitutions(5, 10) } }),
    ],
    OPTIONS,
  );
  assert.equal(rows[0]!.metric, 'WER');
  assert.equal(find(rows, 'WER')?.value, 3 / 6);
  assert.deepEqual(find(rows, 'WER')?.counts, substitutions(3, 6));
  assert.deepEqual([find(rows, 'CER')?.value, find(rows, 'CER')?.items], [15 / 40, 3]);
  assert.equal(find(rows, 'CER', 'lang=zh')?.value, 0.5);
  assert.equal(find(rows, 'WER', 'lang=zh'), undefined);
  assert.equal(find(rows, 'WER', 'set=x')?.items, 2);
  const { low, high } = find(rows, 'WER')!;
  assert.ok(low !== undefined && high !== undefined && low < 0.5 && high > 0.5);
});

test('one language and one collection have no rows of their own', () => {
  const rows = summarize([itemResult({ id: '1', rates: { WER: substitutions(1, 4) } })], OPTIONS);
  assert.deepEqual([...new Set(rows.map(({ slice }) => slice))], ['']);
});

test('a single unit has no interval, and items of one group are one unit', () => {
  const items = ['1', '2', '3'].map((id) =>
    itemResult({ id, group: 'speaker', rates: { WER: substitutions(+id, 9) } }),
  );
  assert.equal(find(summarize(items, OPTIONS), 'WER')?.low, undefined);
  assert.notEqual(find(summarize(items, { ...OPTIONS, groups: 'item' }), 'WER')?.low, undefined);
});

test('what there was nothing to measure of is null', () => {
  const rows = summarize(
    [
      itemResult({ id: '1', rates: { WER: substitutions(0, 0) }, entities: { tp: 0, fp: 0, fn: 0 } }),
      itemResult({ id: '2', rates: { WER: substitutions(0, 0) }, entities: { tp: 0, fp: 0, fn: 0 } }),
    ],
    OPTIONS,
  );
  assert.equal(find(rows, 'WER')?.value, null);
  assert.equal(find(rows, 'entity recall')?.value, null);
  assert.equal(JSON.parse(JSON.stringify(find(rows, 'WER'))).value, null);
});

test('grammar edits give precision, recall and F0.5 by type, summed before dividing', () => {
  const rows = summarize(
    [
      itemResult({ id: '1', edits: { all: { tp: 1, fp: 0, fn: 1 }, S: { tp: 1, fp: 0, fn: 1 } } }),
      itemResult({
        id: '2',
        edits: { all: { tp: 2, fp: 1, fn: 0 }, S: { tp: 0, fp: 1, fn: 0 }, M: { tp: 2, fp: 0, fn: 0 } },
      }),
    ],
    OPTIONS,
  );
  assert.equal(find(rows, 'precision')?.value, 0.75);
  assert.equal(find(rows, 'recall')?.value, 0.75);
  assert.equal(find(rows, 'F0.5')?.value, 0.75);
  assert.equal(find(rows, 'precision', 'type=S')?.value, 0.5);
  assert.deepEqual(find(rows, 'F0.5', 'type=M')?.counts, { tp: 2, fp: 0, fn: 0 });
  assert.equal(find(rows, 'F0.5', 'type=M')?.items, 1);
});

test('over-correction counts correct sources that were changed, with an interval where none was', () => {
  const clean = (sourceCorrect: boolean, changed: boolean) => ({ clean: { sourceCorrect, changed } });
  const items = Array.from({ length: 40 }, (_, i) => itemResult({ id: `${i}`, ...clean(i < 20, i >= 30) }));
  const row = find(summarize(items, OPTIONS), 'over-correction');
  assert.deepEqual([row?.value, row?.items, row?.low], [0, 20, 0]);
  // Wilson's upper end of 0 in 20.
  assert.ok(Math.abs(row!.high! - 0.1611) < 1e-4);
});

test('time, language model rows, latencies and calibration', () => {
  const items = [1, 2, 3, 4].map((i) =>
    itemResult({
      id: `${i}`,
      timings: { totalMs: i * 1000, encodeMs: i * 100 },
      durationS: 10,
      llmRows: 5 * i,
      llmRowsEager: 10 * i,
      confidences: [
        [0.8, 1],
        [0.8, 0],
      ],
    }),
  );
  const summary = new MetricSummary(OPTIONS);
  for (const item of items) summary.add(item);
  const rows = summary.rows();
  assert.equal(find(rows, 'RTF')?.value, 0.25);
  assert.equal(find(rows, 'time per item (ms)', 'stage=encodeMs')?.value, 250);
  assert.equal(find(rows, 'latency p50 (ms)')?.value, 2500);
  assert.equal(find(rows, 'LLM rows per item')?.value, 12.5);
  assert.equal(find(rows, 'LLM rows saved')?.value, 0.5);
  assert.ok(Math.abs(find(rows, 'calibration error')!.value! - 0.3) < 1e-12);
  assert.equal(find(rows, 'calibration error')?.items, 4);
  assert.equal(
    summary.calibration().reduce((sum, { count }) => sum + count, 0),
    8,
  );
});

test('pages have rows for reading order, 1-NED, words, lines, letters and numbers', () => {
  const page = (id: string): ItemResult =>
    itemResult({
      id,
      rates: { CER: substitutions(4, 10) },
      anyOrder: substitutions(1, 10),
      oneMinusNed: id === '1' ? 0.5 : 1,
      words: { right: 3, total: 4 },
      detection: { tp: 1, fp: 1, fn: 0 },
      letters: { ğ: { tp: 1, fp: 0, fn: 1 }, ş: { tp: 2, fp: 0, fn: 0 } },
      numbers: { tp: 1, fp: 0, fn: 3 },
    });
  const rows = summarize([page('1'), page('2')], OPTIONS);
  const values = ['CER', 'CER any order', '1-NED', 'word accuracy', 'detection precision', 'detection recall'];
  assert.deepEqual(
    values.map((metric) => find(rows, metric)?.value),
    [0.4, 0.1, 0.75, 0.75, 0.5, 1],
  );
  assert.equal(find(rows, 'letter recall', 'letter=ğ')?.value, 0.5);
  assert.deepEqual([find(rows, 'letter recall')?.value, find(rows, 'letter recall')?.items], [0.75, 2]);
  assert.equal(find(rows, 'number recall')?.value, 0.25);
});

test('names beyond the bounds are counted under one', () => {
  const bySet = (count: number) =>
    summarize(
      Array.from({ length: count }, (_, i) =>
        itemResult({ id: `${i}`, set: `s${i}`, rates: { WER: substitutions(1, 2) } }),
      ),
      { ...OPTIONS, draws: 2 },
    ).filter(({ slice }) => slice.startsWith('set=')).length;
  assert.equal(bySet(SETS_MAX), SETS_MAX);
  assert.equal(bySet(SETS_MAX + 5), SETS_MAX + 1);
  const edits = Object.fromEntries(Array.from({ length: TYPES_MAX + 5 }, (_, i) => [`t${i}`, { tp: 1, fp: 0, fn: 0 }]));
  const rows = summarize([itemResult({ id: '1', edits })], OPTIONS);
  assert.equal(rows.filter(({ metric }) => metric === 'F0.5').length, TYPES_MAX + 1);
  assert.deepEqual(find(rows, 'F0.5', 'type=other')?.counts, { tp: 5, fp: 0, fn: 0 });
});

test('equal seeds give equal rows in any order of items, another seed other intervals', () => {
  const items = Array.from({ length: 50 }, (_, i) =>
    itemResult({ id: `${i}`, rates: { WER: substitutions(i % 3, 7) } }),
  );
  assert.deepEqual(summarize(items, OPTIONS), summarize([...items].reverse(), OPTIONS));
  assert.notDeepEqual(summarize(items, OPTIONS), summarize(items, { ...OPTIONS, seed: 2 }));
});
