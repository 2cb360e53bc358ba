import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOf, faithfulRule, frameClasses, type SpanClass } from '../../../../fusion/ctc/faithful.ts';
import { lettersOf } from '../../../../fusion/ctc/letters.ts';

const TEXTS = ['', ...'abcçeéiılİIKkmnoruü1278.,，', ' ', '中', '說', '说'];
const id = (text: string) => {
  const found = TEXTS.indexOf(text);
  assert.ok(found >= 0, text);
  return found;
};
const LIMITS = {
  wordNats: 3,
  confusionNats: 7,
  nameNats: 5,
  seenNats: 1,
  caseNats: 1.25,
  markNats: 1.5,
  editNats: 2,
  dropNats: 0.5,
  faithfulNats: 2.5,
  digitNats: 2.5,
};

/** Largest gap in nats that lets `other` stand for `best`, found by trying. */
function limit(kind: SpanClass, best: string, other: string, language = 'tr'): number {
  const form = (text: string) => (text === '說' ? '说' : text.normalize('NFKC'));
  const context = {
    classes: [kind],
    textOf: (one: number) => TEXTS[one]!,
    blank: 0,
    letters: lettersOf(language),
    formOf: form,
  };
  const rule = faithfulRule(context, LIMITS);
  let most = Number.NEGATIVE_INFINITY;
  for (let gap = 0; gap <= 10; gap += 0.25) {
    if (rule(0, id(other), -0.1 - gap, { id: id(best), logProb: -0.1 })) most = gap;
  }
  return most;
}
const NEVER = Number.NEGATIVE_INFINITY;

test('spans are classed by what they hold', () => {
  for (const [span, expected] of [
    ['kitap', 'word'],
    ['Ankara', 'name'],
    ['McEwan', 'name'],
    ['NATO', 'capitals'],
    ["NATO'nun", 'capitals'],
    ['RAlPH', 'capitals'],
    ['A', 'name'],
    ['m1', 'code'],
    ['TC-JKL', 'capitals'],
    ['A320', 'code'],
    ['12,50', 'number'],
    ['25.11.2026', 'number'],
    ['%5', 'number'],
    ['ann@example.org', 'code'],
    ['https://a.b', 'code'],
    ['www.example.org', 'code'],
    ['北京', 'word'],
    ['3', 'number'],
  ] as const) {
    assert.equal(classOf(span, false), expected, span);
  }
  assert.equal(classOf('Ankara', true), 'word', 'a capital at the start of a sentence says nothing');
  assert.equal(classOf('NATO', true), 'capitals');
});

test('frames between two spans belong half to each, and unspaced characters end a span of others', () => {
  const chars = [
    { text: '年', startFrame: 0, endFrame: 2 },
    { text: '7', startFrame: 4, endFrame: 5 },
    { text: '月', startFrame: 7, endFrame: 8 },
  ];
  assert.deepEqual(numberFrames(chars, 10), [3, 4, 5]);
});

test('the space beside a number is the recognizer’s as the number is; that beside a name is not', () => {
  const chars = (span: string) => [
    { text: 'a', startFrame: 0, endFrame: 2 },
    { text: ' ', startFrame: 4, endFrame: 5 },
    { text: span, startFrame: 6, endFrame: 7 },
    { text: ' ', startFrame: 8, endFrame: 9 },
    { text: 'b', startFrame: 11, endFrame: 12 },
  ];
  assert.deepEqual(numberFrames(chars('7'), 14), [3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(frameClasses(chars('NATO'), 14).indexOf('capitals'), 5);
});

function numberFrames(chars: Parameters<typeof frameClasses>[0], frames: number): number[] {
  return frameClasses(chars, frames).flatMap((kind, frame) => (kind === 'number' ? [frame] : []));
}

test('a word may change within its limit, what the recognizer is known to miss within a wider one', () => {
  assert.equal(limit('word', 'r', 'n'), 3);
  assert.equal(limit('word', 'u', 'ü'), 7);
  assert.equal(limit('name', 'u', 'ü'), 5);
  assert.equal(limit('code', 'u', 'ü'), 2.5);
  assert.equal(limit('word', 'u', 'ü', 'other'), 3, 'only in the language that it is known for');
});

test('a shift does not widen the limit of what is missed, but among capitals, where nothing else tells I from İ', () => {
  assert.equal(limit('word', 'I', 'İ'), 7 - lettersOf('tr').shiftNats('İ'));
  assert.equal(limit('name', 'I', 'İ'), 5 - lettersOf('tr').shiftNats('İ'));
  assert.equal(limit('capitals', 'I', 'İ'), 5);
});

test('among capitals a capital stays one, and a small letter may become one', () => {
  assert.equal(limit('capitals', 'K', 'k'), NEVER);
  assert.equal(limit('capitals', 'I', 'l'), NEVER, 'nor is it another small letter');
  assert.equal(limit('capitals', 'k', 'K'), 2.5);
  assert.equal(limit('capitals', 'I', 'K'), 2.5);
});

test('a letter changes its case elsewhere only where the recognizer was torn', () => {
  for (const kind of ['word', 'name'] as const) {
    assert.equal(limit(kind, 'K', 'k'), 1.25);
    assert.equal(limit(kind, 'k', 'K'), 1.25);
    assert.equal(limit(kind, 'i', 'İ'), 1.25);
  }
});

test('a mark that the recognizer saw stays', () => {
  assert.equal(limit('word', 'é', 'e'), 1);
  assert.equal(limit('word', 'ç', 'c', 'other'), 1);
  assert.equal(limit('name', 'é', 'e', 'en'), 1, 'of any letter, in any language');
  assert.equal(limit('word', 'e', 'é', 'other'), 3);
});

test('a mark that may stand first by its shift alone is no more seen than that', () => {
  assert.equal(limit('word', 'ç', 'c'), 1 + lettersOf('tr').shiftNats('ç'));
});

test('characters come and go only within the limit of edits', () => {
  assert.equal(limit('word', 'r', ''), 0.5, 'a letter that was seen');
  assert.equal(limit('word', '', 'r'), 2);
  assert.equal(limit('word', ' ', ''), 2);
});

test("punctuation is the recognizer's own unless it was torn between two", () => {
  assert.equal(limit('word', '.', ''), 1.5);
  assert.equal(limit('word', '', ','), 1.5);
  assert.equal(limit('word', '.', ','), 1.5);
  assert.equal(limit('word', '.', 'i'), 3, 'a letter for a mark is another matter');
});

test('in a number nothing changes, and elsewhere a digit is exchanged only for what was nearly as likely', () => {
  for (const other of ['7', 'a', '', '.']) assert.equal(limit('number', '1', other), NEVER, other);
  assert.equal(limit('number', '.', ','), NEVER);
  assert.equal(limit('code', '1', '7'), NEVER, 'a digit for a digit');
  assert.equal(limit('word', '', '1'), NEVER, 'a digit where nothing was');
  assert.equal(limit('word', '1', ''), NEVER);
  assert.equal(limit('code', '1', 'ı'), 2.5);
  assert.equal(limit('word', 'l', '1'), 2.5);
});

test('other forms of one character, and letters that the language does not write, are no alternatives', () => {
  assert.equal(limit('word', ',', '，'), NEVER);
  assert.equal(limit('word', '说', '說', 'zh'), NEVER);
  assert.equal(limit('word', 'a', '中', 'en'), NEVER);
  assert.equal(limit('word', 'c', 'ç', 'en'), NEVER);
});
