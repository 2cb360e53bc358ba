import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fBeta, precision, recall } from '../../../../../services/eval/gec/f-score.ts';
import { GecScorer, scoreGecItem, tokenizedLike } from '../../../../../services/eval/gec/gec-score.ts';
import { SpanScorer } from '../../../../../services/eval/gec/span-scorer.ts';
import type { GoldEdit } from '../../../../../services/eval/results.ts';

const edit = (start: number, end: number, correction: string, type = 'x'): GoldEdit => ({
  start,
  end,
  type,
  corrections: [correction],
});

test('F weighs precision twice as much as recall, and keeps the published conventions for nothing', () => {
  assert.equal(fBeta({ tp: 1, fp: 0, fn: 1 }), (1.25 * 1 * 0.5) / (0.25 * 1 + 0.5));
  assert.equal(fBeta({ tp: 1, fp: 1, fn: 0 }, 2), (5 * 0.5) / (4 * 0.5 + 1));
  const nothing = { tp: 0, fp: 0, fn: 0 };
  assert.deepEqual([precision(nothing), recall(nothing), fBeta(nothing)], [1, 1, 1]);
  const missed = { tp: 0, fp: 0, fn: 2 };
  assert.deepEqual([precision(missed), recall(missed), fBeta(missed)], [1, 0, 0]);
  const madeUp = { tp: 0, fp: 2, fn: 0 };
  assert.deepEqual([precision(madeUp), recall(madeUp), fBeta(madeUp)], [0, 1, 0]);
});

test('with gold edits hits and misses have their type, false edits one of ours', () => {
  const score = scoreGecItem({
    language: 'tr',
    source: 'Bende geldim ve gördüm',
    hypothesis: 'Ben de geldim , ve gördüm',
    references: [],
    goldEdits: [[edit(0, 1, 'Ben de', 'rule_1'), edit(3, 4, 'gördük', 'rule_9')]],
  });
  assert.deepEqual(score, {
    edits: {
      rule_1: { tp: 1, fp: 0, fn: 0 },
      'M:PUNCT': { tp: 0, fp: 1, fn: 0 },
      rule_9: { tp: 0, fp: 0, fn: 1 },
      all: { tp: 1, fp: 1, fn: 1 },
    },
    clean: { sourceCorrect: false, changed: true },
    exact: false,
    method: 'm2',
    reference: 0,
  });
});

test('a type of a gold file that is called all does not stand for the sum', () => {
  const goldEdits = [[edit(0, 1, 'A', 'all'), edit(2, 3, 'C', '__proto__')]];
  const score = scoreGecItem({ language: 'en', source: 'a b c', hypothesis: 'A b c', references: [], goldEdits });
  assert.deepEqual(Object.entries(score.edits), [
    ['type all', { tp: 1, fp: 0, fn: 0 }],
    ['__proto__', { tp: 0, fp: 0, fn: 1 }],
    ['all', { tp: 1, fp: 0, fn: 1 }],
  ]);
});

test('a Chinese hypothesis without spaces is judged by an M2 file with them', () => {
  const source = '我 坐 作 业 。';
  const goldEdits = [[edit(1, 2, '做', 'S')]];
  const score = (hypothesis: string) => scoreGecItem({ language: 'zh', source, hypothesis, references: [], goldEdits });
  assert.deepEqual(score('我做作业。'), score('我 做 作 业 。'));
  assert.equal(score('我做作业。').exact, true);
  assert.equal(score('我坐作业。').clean.changed, false);
  assert.deepEqual(score('我做作业。吗').edits['M'], { tp: 0, fp: 1, fn: 0 });
});

test('a hypothesis is cut as its source is', () => {
  assert.equal(tokenizedLike('我 用 a p p', '他用app。'), '他 用 a p p 。');
  assert.equal(tokenizedLike('我 用 app', '他用app3。'), '他 用 app3 。');
  assert.equal(tokenizedLike('我们 用', '他们用'), '他们用');
});

test('Chinese is judged by character against references, and the nearest reference counts', () => {
  const score = scoreGecItem({
    language: 'zh',
    source: '我坐作业。',
    hypothesis: '我做作业了。',
    references: ['我写作业。', '我做作业。'],
  });
  assert.deepEqual(score.edits, {
    S: { tp: 1, fp: 0, fn: 0 },
    M: { tp: 0, fp: 1, fn: 0 },
    all: { tp: 1, fp: 1, fn: 0 },
  });
  assert.deepEqual([score.method, score.reference, score.exact], ['char', 1, false]);
});

test('没有错误 stands for the source, and a sentence that nobody can annotate is left out', () => {
  const item = { language: 'zh', source: '我去。', hypothesis: '我去了。' };
  assert.deepEqual(scoreGecItem({ ...item, references: ['没有错误'] }).clean, { sourceCorrect: true, changed: true });
  const left = scoreGecItem({ ...item, references: ['无法标注'] });
  assert.deepEqual([left.edits, left.reference], [{ all: { tp: 0, fp: 0, fn: 0 } }, -1]);
});

test('references are made Simplified where the source is, and kept where it is Traditional', () => {
  const simplified = { language: 'zh', source: '我们学习汉语。', references: ['我们学汉语。'] };
  assert.equal(scoreGecItem({ ...simplified, hypothesis: '我們學漢語。' }).exact, true);
  assert.equal(scoreGecItem({ ...simplified, hypothesis: '我們學漢語。' }, { script: 'keep' }).exact, false);
  const traditional = { language: 'zh', source: '我們學習漢語。', references: ['我們學漢語。'] };
  const score = scoreGecItem({ ...traditional, hypothesis: '我們學漢語。' });
  assert.deepEqual(score.edits, { R: { tp: 1, fp: 0, fn: 0 }, all: { tp: 1, fp: 0, fn: 0 } });
});

test('other languages are judged by word', () => {
  const score = scoreGecItem({
    language: 'tr-TR',
    source: 'Bende geldim.',
    hypothesis: 'Ben de geldim!',
    references: ['Ben de geldim.'],
  });
  assert.deepEqual(score.edits, {
    'R:CLITIC': { tp: 1, fp: 0, fn: 0 },
    'R:PUNCT': { tp: 0, fp: 1, fn: 0 },
    all: { tp: 1, fp: 1, fn: 0 },
  });
});

test('a corpus has sums, exact sentences, and right sentences that were changed', () => {
  const scorer = new GecScorer();
  const add = (source: string, hypothesis: string, ...references: string[]) =>
    scorer.add({ language: 'en', source, hypothesis, references });
  add('He go.', 'He goes.', 'He goes.');
  add('It is fine.', 'It was fine.', 'It is fine.');
  add('All is well.', 'All is well.', 'All is well.');
  add('One is right.', 'One was right.', 'One is right.', 'One has been right.');
  const summary = scorer.summary;
  assert.deepEqual([summary.items, summary.exactMatchRate], [4, 0.5]);
  assert.deepEqual([summary.sourceCorrect, summary.overCorrected, summary.overCorrectionRate], [2, 1, 0.5]);
  assert.deepEqual(summary.hits, { tp: 1, fp: 2, fn: 0 });
  assert.deepEqual([summary.precision, summary.recall], [1 / 3, 1]);
  assert.deepEqual(summary.byType.get('R:OTHER'), { tp: 1, fp: 2, fn: 0 });
  assert.throws(() => add('a', 'b'), RangeError);
});

test('of several references the one is taken that is best for all sentences so far', () => {
  const made = [edit(0, 1, 'A')];
  const wanted = Array.from({ length: 9 }, (_, at) => edit(at, at + 1, 'A'));
  assert.equal(new SpanScorer().add(made, [wanted, []]).reference, 0);
  const after = new SpanScorer();
  for (let i = 0; i < 40; i++) after.add(made, [made]);
  // P = 1 and R = 41/49, or P = 40/41 and R = 1.
  assert.equal(after.add(made, [wanted, []]).reference, 1);
});

test('near ties are decided by hits: F is compared as the published programs round it', () => {
  // After 30,000 hits one false edit more or less is beyond the fourth place.
  const scorer = new SpanScorer();
  const one = Array.from({ length: 30_000 }, (_, at) => edit(at, at + 1, 'A'));
  scorer.add(one, [one]);
  const missesMore = [edit(0, 1, 'A'), edit(1, 2, 'B'), edit(2, 3, 'B')];
  assert.equal(scorer.add([edit(0, 1, 'A')], [[], missesMore]).reference, 1);
  assert.deepEqual(scorer.sum, { tp: 30_001, fp: 0, fn: 2 });
});

test('an edit that stands twice in the reference is two hits, and twice in the hypothesis two false ones', () => {
  const twice = [edit(0, 1, 'A'), edit(0, 1, 'A')];
  assert.deepEqual(new SpanScorer().add(twice, [twice]).all, { tp: 2, fp: 0, fn: 0 });
  assert.deepEqual(new SpanScorer().add(twice, [[]]).all, { tp: 0, fp: 2, fn: 0 });
  assert.deepEqual(new SpanScorer().add([], [twice]).all, { tp: 0, fp: 0, fn: 2 });
});

test('a source that is given back unchanged has no edits, whatever script it is in', () => {
  const source = '送禮物给别人的時候';
  const { edits, clean } = scoreGecItem({
    language: 'zh',
    source,
    hypothesis: source,
    references: ['送礼物给别人的时候'],
  });
  assert.deepEqual([edits['all']!.tp, edits['all']!.fp, clean.changed], [0, 0, false]);
  assert.ok(edits['all']!.fn > 0);
});
