import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIFF_CELLS_MAX } from '../../../../../../services/eval/report/limits.ts';
import { textDiff } from '../../../../../../services/eval/report/page/text-diff.ts';

/** `same[removed>added]`. */
function written(reference: string, hypothesis: string): string {
  return textDiff(reference, hypothesis)
    .parts.map((part) => {
      if (part.kind === 'same') return part.text;
      if (part.kind === 'folded') return `{${part.units}}`;
      return `[${part.removed}>${part.added}]`;
    })
    .join('');
}

test('words are compared where there are spaces, characters where there are none', () => {
  assert.equal(written('the cat sat', 'the hat sat'), 'the [cat>hat] sat');
  assert.equal(written('今天天气好', '今天天汽好'), '今天天[气>汽]好');
  assert.equal(written('打开 wifi 设置', '打开 vifi 设制'), '打开 [wifi>vifi] 设[置>制]');
  assert.equal(written('İstanbul’da yağmur', 'istanbul’da yağmur'), '[İstanbul’da>istanbul’da] yağmur');
});

test('insertions and deletions keep the spaces around them', () => {
  assert.equal(written('one three', 'one two three'), 'one [>two] three');
  assert.equal(written('one two three', 'one three'), 'one [two>] three');
  assert.equal(written('cat', 'the cat'), '[>the] cat');
  assert.equal(written('a b', 'a b c d'), 'a b [>c d]');
  assert.equal(written('', 'new words'), '[>new words]');
  assert.equal(written('old', ''), '[old>]');
  assert.equal(written('', ''), '');
});

test('neighboring changes read as phrases', () => {
  assert.equal(written('w x y z', 'w a b z'), 'w [x y>a b] z');
});

test('lines of a page stay lines', () => {
  assert.equal(written('first line\nsecond line', 'first line\nsecond lime'), 'first line\nsecond [line>lime]');
});

test('long unchanged stretches are folded, with their ends shown', () => {
  const words = Array.from({ length: 200 }, (_, i) => `w${i}`);
  const changed = [...words];
  changed[0] = 'x';
  const { parts } = textDiff(words.join(' '), changed.join(' '));
  assert.deepEqual(
    parts.map(({ kind }) => kind),
    ['changed', 'same', 'folded', 'same'],
  );
  assert.equal(parts.find((part) => part.kind === 'folded')!.units, 199 - 48);
  assert.match(written(words.join(' '), changed.join(' ')), /^\[w0>x\] w1 .* w24\{151\} w176 .* w199$/);
});

test('texts that are too long to be aligned are cut, and say so', () => {
  const side = Math.sqrt(DIFF_CELLS_MAX);
  const fits = textDiff('a '.repeat(side), 'b '.repeat(side));
  assert.equal(fits.leftOut, 0);
  const cut = textDiff('a '.repeat(side + 1), 'b '.repeat(side));
  assert.equal(cut.leftOut, 1);
});
