import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorRate } from '../../../../../services/eval/error-rate.ts';
import { EntityList } from '../../../../../services/eval/metric/entity-hits.ts';
import {
  type JudgedTask,
  judgeItem,
  normalizerFor,
  type SystemOutput,
} from '../../../../../services/eval/metric/judge.ts';
import type { EvalItem } from '../../../../../services/eval/results.ts';

function item(language: string, reference: string | string[], fields: Partial<EvalItem> = {}): EvalItem {
  const references = typeof reference === 'string' ? [reference] : reference;
  return { id: '1', where: 'm:1', language, set: 's', group: 'g', references, ...fields };
}

const judge = (task: JudgedTask, one: EvalItem, output: string | SystemOutput, options = {}) =>
  judgeItem(task, one, typeof output === 'string' ? { text: output } : output, { system: 'a', ...options });

test('speech: the usual rate of the language comes first, both sides normalized', () => {
  const english = judge('asr', item('en', 'Twenty-five cats.'), '25 cats');
  assert.deepEqual(Object.keys(english.rates), ['WER', 'CER', 'MER']);
  assert.equal(errorRate(english.rates.WER!), 0);
  assert.deepEqual([english.reference, english.hypothesis, english.rawHypothesis], ['25 cats', '25 cats', '25 cats']);
  const chinese = judge('asr', item('zh', '設定二十五度 please'), '设定25度');
  assert.deepEqual(Object.keys(chinese.rates), ['CER', 'MER']);
  assert.equal(chinese.rates.MER?.refUnits, 5);
  assert.equal(chinese.rates.MER?.deletions, 1);
});

test('of several references the closest counts', () => {
  const result = judge('asr', item('en', ['a b c d', 'a b x y']), 'a b x z');
  assert.equal(result.reference, 'a b x y');
  assert.equal(errorRate(result.rates.WER!), 0.25);
});

test('a failed item counts as an empty hypothesis, whatever it had written', () => {
  const error = { code: 'audio_corrupt', message: 'broken' };
  const result = judge('asr', item('en', 'a b', { entities: ['a'] }), { text: 'a b', entities: ['a'], error });
  assert.deepEqual([result.rates.WER?.deletions, result.hypothesis, result.rawHypothesis], [2, '', '']);
  assert.deepEqual([result.entities, result.error], [{ tp: 0, fp: 0, fn: 1 }, error]);
});

test('entities of the item are looked for in the text, those of the language list count as spurious', () => {
  const one = item('tr', "Ankara'da kar yağdı", { entities: ['Ankara'] });
  const lists = new Map([['tr', new EntityList('tr', ['Ankara', 'Bursa'], normalizerFor('asr', 'tr'))]]);
  assert.deepEqual(judge('asr', one, "Ankara'ya kar yağdı").entities, { tp: 1, fp: 0, fn: 0 });
  assert.deepEqual(judge('asr', one, "Bursa'da kar yağdı", { entityLists: lists }).entities, { tp: 0, fp: 1, fn: 1 });
  assert.equal(judge('asr', item('tr', 'kar'), 'kar').entities, undefined);
});

test('entities that a system names itself are compared by name', () => {
  const one = item('en', 'Ann met Bob', { entities: ['Ann', 'Bob'] });
  assert.deepEqual(judge('ner', one, { text: 'Ann met Bob', entities: ['ann', 'Rome'] }).entities, {
    tp: 1,
    fp: 1,
    fn: 1,
  });
  assert.deepEqual(judge('ner', one, 'Ann met rob').entities, { tp: 1, fp: 0, fn: 1 });
});

test('pages are judged with punctuation and case, by whole text, words, lines and letters', () => {
  const quad = [0, 0, 10, 0, 10, 2, 0, 2];
  const one = item('tr', 'Işık söndü.\nFatura: 1.250,00', {
    lines: [
      { text: 'Işık söndü.', quad },
      { text: 'Fatura: 1.250,00', quad: quad.map((x, i) => (i % 2 ? x + 4 : x)) },
    ],
  });
  const result = judge('ocr', one, {
    text: 'Fatura: 1.250,00\nIşik söndü',
    lines: [{ text: 'Fatura: 1.250,00', quad: quad.map((x, i) => (i % 2 ? x + 4 : x)) }],
  });
  assert.deepEqual(result.detection, { tp: 1, fp: 0, fn: 1 });
  assert.deepEqual(result.numbers, { tp: 1, fp: 0, fn: 0 });
  assert.deepEqual([result.anyOrder?.substitutions, result.anyOrder?.deletions], [1, 1]);
  const chars = result.rates.CER!;
  const errors = chars.substitutions + chars.deletions + chars.insertions;
  assert.equal(result.oneMinusNed, 1 - errors / 28);
  assert.deepEqual(result.words, { right: 2, total: 4 });
  assert.ok(result.letters?.['ş']);
  assert.equal(judge('ocr', item('en', 'Case, and comma'), 'case and comma').rates.CER?.substitutions, 1);
  assert.equal(judge('asr', item('en', 'Case, and comma'), 'case and comma').rates.CER?.substitutions, 0);
});

test('Turkish letters are counted on the text as printed, whatever the normalizer folds', () => {
  const letters = judge('ocr', item('tr', 'IŞIK İSE'), 'ISIK ISE').letters!;
  assert.deepEqual(
    [letters['ş'], letters['İ']],
    [
      { tp: 0, fp: 0, fn: 1 },
      { tp: 0, fp: 0, fn: 1 },
    ],
  );
  assert.equal(judge('ocr', item('en', 'x'), 'x').letters, undefined);
});

test('a correction knows whether its source was right and whether it was changed', () => {
  const one = item('en', 'the cat', { hypotheses: [{ text: 'The cat.' }, { text: 'the bat' }] });
  assert.deepEqual(judge('darag', one, 'the bat').clean, { sourceCorrect: true, changed: true });
  assert.deepEqual(judge('darag', one, 'the cat').clean, { sourceCorrect: true, changed: false });
  assert.equal(judge('darag', one, 'the cat').source, 'the cat');
});

test('an empty reference has no rate but its insertions, and an item without references is empty', () => {
  const result = judge('asr', item('en', ''), 'uh something');
  assert.deepEqual([result.rates.WER?.refUnits, result.rates.WER?.insertions], [0, 1]);
  assert.equal(judge('ocr', item('en', []), '').oneMinusNed, 1);
});

test('times, rows, changes and confidences go along', () => {
  const output = {
    text: 'a b',
    words: [
      { text: 'a', confidence: 0.9 },
      { text: 'b', confidence: 0.4 },
    ],
    timings: { totalMs: 5 },
    llmRows: 3,
    llmRowsEager: 9,
    changes: [{ from: 'c', to: 'b' }],
  };
  const result = judge('asr', item('en', 'a c', { durationS: 2, mediaPath: '/x.wav' }), output);
  assert.deepEqual(result.confidences, [
    [0.9, 1],
    [0.4, 0],
  ]);
  const { timings, llmRows, llmRowsEager, changes, durationS, mediaPath } = result;
  assert.deepEqual([timings, llmRows, llmRowsEager, changes], [output.timings, 3, 9, output.changes]);
  assert.deepEqual([durationS, mediaPath], [2, '/x.wav']);
});
