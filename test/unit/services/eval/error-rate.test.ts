import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  ALIGN_CELLS_MAX,
  align,
  editCounts,
  errorRate,
  errorsOf,
  sumCounts,
  textEdits,
  unitsOf,
} from '../../../../services/eval/error-rate.ts';
import { SeededRandom } from '../../../../services/eval/random.ts';

/** jiwer's own rates and counts of 1,200 random pairs in three languages; see fixtures/golden/jiwer-rates.py. */
type Split = [substitutions: number, deletions: number, insertions: number];
const JIWER: {
  corpus: { wer: number; cer: number };
  rows: [
    ...[lang: string, ref: string, hyp: string, wer: number, cer: number],
    ...[wordSplit: Split, wordUnique: boolean, charSplit: Split, charUnique: boolean],
  ][];
} = JSON.parse(readFileSync(new URL('../../../../../fixtures/golden/jiwer-rates.json', import.meta.url), 'utf8'));

test('words, characters and mixed units are cut as their names say', () => {
  assert.deepEqual(unitsOf(' two  words ', 'word'), ['two', 'words']);
  assert.deepEqual(unitsOf('a 𠮷', 'char'), ['a', ' ', '𠮷']);
  assert.deepEqual(unitsOf('想听because of you3遍', 'mixed'), ['想', '听', 'because', 'of', 'you3', '遍']);
  for (const kind of ['word', 'char', 'mixed'] as const) assert.deepEqual(unitsOf('  ', kind), []);
});

test('insertions, deletions and substitutions are those of hand-worked pairs', () => {
  const cases: [ref: string, hyp: string, substitutions: number, deletions: number, insertions: number][] = [
    ['a b c', 'a b c', 0, 0, 0],
    ['a b c', 'a x c', 1, 0, 0],
    ['a b c', 'a c', 0, 1, 0],
    ['a c', 'a b c', 0, 0, 1],
    ['', 'a b', 0, 0, 2],
    ['a b', '', 0, 2, 0],
    ['a b c d', 'b c d e', 0, 1, 1],
    ['a b', 'b c', 2, 0, 0],
    ['the cat sat on the mat', 'cat sat at the mat today', 1, 1, 1],
  ];
  for (const [ref, hyp, substitutions, deletions, insertions] of cases) {
    const counts = textEdits(ref, hyp, 'word');
    const found = [counts.substitutions, counts.deletions, counts.insertions];
    assert.deepEqual(found, [substitutions, deletions, insertions], `${ref} | ${hyp}`);
  }
});

test('an empty reference has no rate, and a corpus rate sums errors and units', () => {
  assert.ok(Number.isNaN(errorRate(textEdits('', '', 'word'))));
  const corpus = sumCounts([textEdits('a b c d', 'a b c d', 'word'), textEdits('a', 'b c', 'word')]);
  assert.equal(errorRate(corpus), 2 / 5);
});

test('rates equal those of jiwer on 1,200 pairs in three languages, to the last digit', () => {
  assert.equal(JIWER.rows.length, 1200);
  for (const [, ref, hyp, wer, cer] of JIWER.rows) {
    assert.equal(errorRate(textEdits(ref, hyp, 'word')), wer, `${ref} | ${hyp}`);
    assert.equal(errorRate(textEdits(ref, hyp, 'char')), cer, `${ref} | ${hyp}`);
  }
  const corpus = (kind: 'word' | 'char') =>
    errorRate(sumCounts(JIWER.rows.map(([, ref, hyp]) => textEdits(ref, hyp, kind))));
  assert.equal(corpus('word'), JIWER.corpus.wer);
  assert.equal(corpus('char'), JIWER.corpus.cer);
});

test('the alignment spells both texts and holds as many edits as the count', () => {
  const random = new SeededRandom(7);
  for (let round = 0; round < 300; round++) {
    const draw = () => Array.from({ length: random.below(9) }, () => 'abc'[random.below(3)]!);
    const [ref, hyp] = [draw(), draw()];
    const pairs = align(ref, hyp);
    assert.deepEqual(
      pairs.flatMap((pair) => pair.ref ?? []),
      ref,
    );
    assert.deepEqual(
      pairs.flatMap((pair) => pair.hyp ?? []),
      hyp,
    );
    const counts = editCounts(ref, hyp);
    const of = (kind: string) => pairs.filter((pair) => pair.kind === kind).length;
    assert.deepEqual(
      [of('substitution'), of('deletion'), of('insertion')],
      [counts.substitutions, counts.deletions, counts.insertions],
      `${ref.join('')} | ${hyp.join('')}`,
    );
    assert.equal(errorsOf(counts), slowDistance(ref, hyp));
  }
});

test('substitutions, deletions and insertions are those of jiwer where the split is unique, and sum alike elsewhere', () => {
  let unique = 0;
  for (const [, ref, hyp, , , wordSplit, wordUnique, charSplit, charUnique] of JIWER.rows) {
    for (const [kind, split, isUnique] of [
      ['word', wordSplit, wordUnique],
      ['char', charSplit, charUnique],
    ] as const) {
      const { substitutions, deletions, insertions } = textEdits(ref, hyp, kind);
      const ours = [substitutions, deletions, insertions];
      if (isUnique) assert.deepEqual(ours, split, `${kind}: ${ref} | ${hyp}`);
      assert.equal(
        ours.reduce((a, b) => a + b),
        split.reduce((a, b) => a + b),
      );
      if (isUnique) unique++;
    }
  }
  assert.ok(unique > 1000, `only ${unique} of 2,400 splits are unique`);
});

test('texts far from the diagonal are counted as exactly as near ones', () => {
  const random = new SeededRandom(8);
  for (let round = 0; round < 40; round++) {
    const draw = () => Array.from({ length: random.below(400) }, () => 'abcdefgh'[random.below(8)]!);
    const [ref, hyp] = [draw(), draw()];
    const shifted = [...draw().slice(0, 150), ...ref];
    for (const other of [hyp, shifted]) {
      const counts = editCounts(ref, other);
      assert.equal(errorsOf(counts), fullDistance(ref, other));
      assert.equal(counts.deletions - counts.insertions, ref.length - other.length);
    }
  }
});

test('a text too long for one table is aligned in parts, at the same cost', () => {
  const random = new SeededRandom(9);
  const ref = Array.from({ length: 6000 }, () => 'abcd'[random.below(4)]!);
  const hyp = ref.flatMap((unit) => (random.unit() < 0.2 ? [] : random.unit() < 0.2 ? ['x', unit] : [unit]));
  const pairs = align(ref, hyp);
  const counts = editCounts(ref, hyp);
  assert.equal(pairs.flatMap((pair) => pair.ref ?? []).join(''), ref.join(''));
  assert.equal(pairs.flatMap((pair) => pair.hyp ?? []).join(''), hyp.join(''));
  for (const [kind, count] of [
    ['substitution', counts.substitutions],
    ['deletion', counts.deletions],
    ['insertion', counts.insertions],
  ] as const) {
    assert.equal(pairs.filter((pair) => pair.kind === kind).length, count);
  }
});

test('texts whose product of lengths passes the bound are not aligned', () => {
  const side = Math.ceil(Math.sqrt(ALIGN_CELLS_MAX)) + 1;
  const [ref, hyp] = [new Array<string>(side).fill('a'), new Array<string>(side).fill('b')];
  assert.throws(() => align(ref, hyp), /too long to align/);
});

/** Every cell, without a band. */
function fullDistance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  a.forEach((unit, i) => {
    const next = [i + 1];
    b.forEach((other, j) => {
      next.push(Math.min(row[j]! + (unit === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
    });
    row = next;
  });
  return row[b.length]!;
}

/** The definition, with obvious code. */
function slowDistance(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const [x, y] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return slowDistance(x, y);
  return 1 + Math.min(slowDistance(x, y), slowDistance(x, b), slowDistance(a, y));
}
