import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pairedBootstrap } from '../../../../../../services/eval/bootstrap.ts';
import { compareResults } from '../../../../../../services/eval/report/compare/compare-results.ts';
import { writeComparison } from '../../../../../../services/eval/report/compare/comparison-page.ts';
import { comparisonText } from '../../../../../../services/eval/report/compare/comparison-text.ts';
import type { EvalResults, ItemResult } from '../../../../../../services/eval/results.ts';
import { evaluationFolder, toyItem, toyResults } from '../../../../../support/toy-report.ts';

interface Side {
  readonly results?: Partial<EvalResults>;
  readonly systems?: readonly string[];
  readonly items: readonly ItemResult[];
}

async function foldersOf(t: TestContext, a: Side, b: Side): Promise<[string, string]> {
  const folder = ({ results, systems, items }: Side) => evaluationFolder(t, toyResults(results, systems), items);
  return [await folder(a), await folder(b)];
}

async function comparison(t: TestContext, a: Side, b: Side) {
  return compareResults(...(await foldersOf(t, a, b)));
}

const four = ['one', 'one two', 'one two three', 'one two three four'];
/** Item `id` with `errors` deletions of 4. */
const withErrors = (id: string, errors: number, more: Partial<ItemResult> = {}) =>
  toyItem({ id, hypothesis: four[3 - errors]!, ...more });

test('items are paired by their names, whatever their order, and sorted by change', async (t) => {
  const a = [withErrors('a', 3), withErrors('b', 0), withErrors('c', 1), withErrors('d', 1)];
  const b = [withErrors('d', 1), withErrors('c', 3), withErrors('b', 1), withErrors('a', 1)];
  const report = await comparison(t, { items: a }, { items: b });
  const listed = (items: typeof report.better) => items.map(({ itemA, itemB, change }) => [itemA.id, itemB.id, change]);
  assert.deepEqual(listed(report.better), [['a', 'a', -2]]);
  assert.deepEqual(listed(report.worse), [
    ['c', 'c', 2],
    ['b', 'b', 1],
  ]);
  const { better, worse, same, onlyA, onlyB } = report.counts[0]!;
  assert.deepEqual([better, worse, same, onlyA, onlyB], [1, 2, 1, 0, 0]);
});

test('the estimate is the paired bootstrap over groups', async (t) => {
  const groups = ['x', 'x', 'y', 'z', 'z'];
  const a = groups.map((group, i) => withErrors(`u${i}`, i % 3, { group }));
  const b = groups.map((group, i) => withErrors(`u${i}`, (i + 1) % 2, { group }));
  const report = await comparison(t, { items: a }, { items: b });
  const metric = report.metrics.find((row) => row.metric === 'WER')!;
  const counts = (items: readonly ItemResult[]) => items.map((item) => item.rates.WER!);
  assert.deepEqual(
    metric.estimate,
    pairedBootstrap(counts(a), counts(b), { draws: 2000, seed: 1, confidence: 0.95, groups }),
  );
  assert.deepEqual([metric.items, metric.groups], [5, 3]);
});

test('metrics that count what is right are compared as such', async (t) => {
  const hits = (tp: number) => ({ tp, fp: 0, fn: 4 - tp });
  const items = (tp: number) =>
    [0, 1, 2].map((i) => toyItem({ id: `${i}`, entities: hits(tp), words: { right: tp, total: 4 } }));
  const report = await comparison(t, { items: items(2) }, { items: items(3) });
  const recall = report.metrics.find(({ metric }) => metric === 'entity recall')!.estimate;
  assert.deepEqual([recall.rateA, recall.rateB, recall.difference, recall.betterShare], [0.5, 0.75, 0.25, 1]);
  assert.deepEqual(recall.differenceInterval, { low: 0.25, high: 0.25 });
  assert.equal(recall.relative, 0.5);
  assert.match(comparisonText(report), /entity recall +50\.00% +75\.00% +\+25\.00 .* better/);
});

test('what stands on one side only is counted and named, and is in no metric', async (t) => {
  const a = [withErrors('both', 1), withErrors('old', 3), withErrors('both', 0, { system: 's' })];
  const b = [withErrors('both', 1), withErrors('new', 3), withErrors('both', 0, { system: 't' })];
  const report = await comparison(t, { items: a, systems: ['r=0', 's'] }, { items: b, systems: ['r=0', 't'] });
  assert.deepEqual([report.namedOnlyA, report.namedOnlyB], [['old'], ['new']]);
  assert.deepEqual([report.systemsOnlyA, report.systemsOnlyB], [['s'], ['t']]);
  assert.equal(report.counts.length, 1);
  assert.equal(report.metrics[0]!.items, 1);
  assert.equal(report.metrics[0]!.estimate.rateA, 0.25);
  const text = comparisonText(report);
  assert.match(text, /Systems only in A: s\n/);
  assert.match(text, /Items only in A: old\n/);
  assert.match(text, /Items only in B: new(\n|$)/);
});

test('an item whose reference changed is left out, with a warning', async (t) => {
  const a = [withErrors('a', 1), withErrors('b', 0)];
  const b = [toyItem({ id: 'a', reference: 'one two five four', hypothesis: 'one' }), withErrors('b', 0)];
  const report = await comparison(t, { items: a }, { items: b });
  assert.equal(report.counts[0]!.otherReference, 1);
  assert.equal(report.metrics[0]!.items, 1);
  assert.match(report.warnings.join('\n'), /1 items were judged against another reference/);
});

test('two evaluations of one system each are compared whatever it is called', async (t) => {
  const a = { systems: ['base'], items: [withErrors('a', 2, { system: 'base' })] };
  const b = { systems: ['turbo'], items: [withErrors('a', 0, { system: 'turbo' })] };
  const report = await comparison(t, a, b);
  assert.equal(report.better.length, 1);
  assert.match(comparisonText(report), /base -> turbo/);
});

test('other tasks, other normalizers and no common system are refused', async (t) => {
  const item = [toyItem({ id: 'a' })];
  const refused = async (a: Side, b: Side, message: RegExp) => {
    await assert.rejects(comparison(t, a, b), { code: 'results_incomparable', message });
  };
  await refused({ items: item }, { items: item, results: { task: 'ocr' } }, /A is an evaluation of asr, B of ocr/);
  await refused(
    { items: item },
    { items: item, results: { settings: { script: 'keep', numerals: 'arabic' } } },
    /normalized differently: script is "hans" in A, "keep" in B/,
  );
  await refused(
    { items: item, results: { settings: { normalizer: { a: 1, b: 2 } } } },
    { items: item, results: { settings: { normalizer: { b: 2, a: 3 } } } },
    /normalizer is \{"a":1,"b":2\} in A/,
  );
  await refused(
    { items: [], systems: ['x', 'y'] },
    { items: [], systems: ['z', 'w'] },
    /no system is on both sides: x, y in A, z, w in B/,
  );
});

test('other data, models and settings are warnings; the order of keys is none', async (t) => {
  const item = [toyItem({ id: 'a' })];
  const quiet = await comparison(
    t,
    { items: item, results: { settings: { script: 'hans', numerals: 'arabic', more: { a: 1, b: [2] } } } },
    { items: item, results: { settings: { more: { b: [2], a: 1 }, numerals: 'arabic', script: 'hans' } } },
  );
  assert.deepEqual(quiet.warnings, []);
  const loud = await comparison(
    t,
    { items: item },
    {
      items: item,
      results: {
        data: { location: 'elsewhere', form: 'manifest', items: 9 },
        models: [{ name: 'other', role: 'recognizer', sha256: 'cd'.repeat(32) }],
        settings: { script: 'hans', numerals: 'arabic', beams: 8 },
      },
    },
  );
  assert.match(loud.warnings.join('\n'), /The data differ: 1 items of toys in A, 9 of elsewhere in B/);
  assert.match(
    loud.warnings.join('\n'),
    /The recognizer differs: toy-whisper \(abababababab\) in A, other \(cdcdcdcdcdcd\) in B/,
  );
  assert.match(loud.warnings.join('\n'), /The setting beams differs: none in A, 8 in B/);
});

test('the text shows both readings of what changed, on one line and without controls', async (t) => {
  const reference = 'the quick brown fox jumps over the lazy dog';
  const a = [toyItem({ id: 'a\u001b[2J', reference, hypothesis: reference })];
  const b = [toyItem({ id: 'a\u001b[2J', reference, hypothesis: 'the quick brown box jumps over\u202e the lazy' })];
  const text = comparisonText(await comparison(t, { items: a }, { items: b }));
  assert.match(
    text,
    /Got worse, \[reference > reading\]:\n {2}a\ufffd\[2J \(r=0\): 3 errors more\n {4}A: \(no error\)\n {4}B: /,
  );
  assert.match(text, /brown \[fox > box\] jumps \[over > over\ufffd\] the lazy \[dog > -\]/);
  assert.ok(!text.includes('\u001b') && !text.includes('\u202e'));
});

test('columns of the text stand below each other, wide characters counted as two', async (t) => {
  const items = ['系统一', 'b'].map((system) => withErrors('a', 1, { system }));
  const text = comparisonText(
    await comparison(t, { items, systems: ['系统一', 'b'] }, { items, systems: ['系统一', 'b'] }),
  );
  const rows = text.split('\n').filter((line) => /WER/.test(line));
  assert.ok(rows[0]!.startsWith('系统一  WER') && rows[1]!.startsWith('b       WER'), rows.join('\n'));
});

test('the page of a comparison has both readings, escaped', async (t) => {
  const hostile = '</dd><script>globalThis.pwned=1</script>';
  const a = [toyItem({ id: hostile, hypothesis: `one ${hostile}` })];
  const b = [toyItem({ id: hostile })];
  const [folderA, folderB] = await foldersOf(t, { items: a }, { items: b });
  const report = await compareResults(folderA, folderB);
  const page = await readFile(await writeComparison(report, join(folderB, 'compare.html')), 'utf8');
  assert.equal([...page.matchAll(/<script/g)].length, 1);
  for (const wanted of ['data-reasons="0:better"', '<dt><b>A</b>3 of 4 (75.00%)</dt>', 'as the reference']) {
    assert.ok(page.includes(wanted), wanted);
  }
});
