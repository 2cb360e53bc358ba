import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GoldEdit } from '../../../../../services/eval/results.ts';
import { CorrectionJudge } from '../../../../../services/eval/run/correction-judge.ts';
import { toyItem, toyResult } from '../../../../support/toy-evaluation.ts';

const system = { system: 'a' };

test('edits by type, the reference that was counted, clean sources', () => {
  const judge = new CorrectionJudge({});
  const wrong = toyItem(1, { source: 'He go home', references: ['He goes home', 'He went home'] });
  const right = judge.judge(wrong, { text: 'He went home' }, system);
  assert.deepEqual(right.edits!['all'], { tp: 1, fp: 0, fn: 0 });
  assert.equal(right.reference, 'He went home');
  assert.deepEqual(right.clean, { sourceCorrect: false, changed: true });
  const fine = toyItem(2, { source: 'It is fine', references: ['It is fine'] });
  const spoiled = judge.judge(fine, { text: 'It was fine' }, system);
  assert.deepEqual(spoiled.edits!['all'], { tp: 0, fp: 1, fn: 0 });
  assert.deepEqual(spoiled.clean, { sourceCorrect: true, changed: true });
});

/** Two annotators, of whom one found three errors and the other one. */
const gold: GoldEdit[][] = [
  [0, 1, 2].map((at) => ({ start: at, end: at + 1, type: 'R', corrections: [`x${at}`] })),
  [{ start: 0, end: 1, type: 'R', corrections: ['x0'] }],
];
const disputed = toyItem(3, { source: 'a b c', references: ['x0 x1 x2', 'x0 b c'], goldEdits: gold });

test('a judge that recalled earlier items judges the next one as one that judged them', () => {
  const before = Array.from({ length: 3 }, (_, i) =>
    toyItem(i, {
      source: 'p q',
      references: ['p r'],
      goldEdits: [[{ start: 1, end: 2, type: 'R', corrections: ['r'] }]],
    }),
  );
  const through = new CorrectionJudge({});
  const recalling = new CorrectionJudge({});
  for (const item of before) {
    through.judge(item, { text: 'p s' }, system);
    recalling.recall(item, toyResult(item.id, 'a', { rawHypothesis: 'p s' }));
  }
  const expected = through.judge(disputed, { text: 'x0 b c' }, system);
  assert.deepEqual(recalling.judge(disputed, { text: 'x0 b c' }, system), expected);
  assert.deepEqual(expected.edits!['all'], { tp: 1, fp: 0, fn: 0 });
});

test('a sentence too long to be aligned is told by its place', () => {
  const words = Array.from({ length: 9000 }, (_, i) => `w${i}`);
  const item = toyItem(8, { source: words.join(' '), references: [words.toReversed().join(' ')] });
  assert.throws(
    () => new CorrectionJudge({}).judge(item, { text: words.map((word) => `${word}x`).join(' ') }, system),
    {
      code: 'manifest_malformed',
      message: /^toy:8, judged for a: /,
    },
  );
});
