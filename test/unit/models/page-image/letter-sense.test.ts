import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nonsenseIn } from '../../../../models/page-image/letter-sense.ts';

const EN = 'Simple is better than complex. Special cases are not special enough to break the rules. Strength, rhythm!';
const TR = 'Bütün bunlar güneş kavurucuydu; sınıfta kırk öğrenci vardı, İstanbul ışıl ışıl parlıyordu. Tıp, kış, kırk.';
const ZH = '考虑是否补充成分的前提：句子成分明显残缺，使其读起来很不符合正常表达习惯。';

test('writing of several kinds makes sense', () => {
  const texts = [
    EN,
    TR,
    ZH,
    EN.toUpperCase(),
    'Příliš žluťoučký kůň úpěl ďábelské ódy. Strč prst skrz krk. Dnes je hezky a svítí slunce nad městem.',
    'Chapter 1 ........................ 7\nChapter 2 ........................ 19\nIndex ........................ 230',
    '2021 1,200.50 EUR 3,400.00 EUR 12 % 4,080.60 EUR 2022 9,100.00 EUR',
    'IBAN TR33 0006 1005 1978 6457 8413 26',
    '(1) {x} [2]',
  ];
  for (const text of texts) assert.equal(nonsenseIn(text), null, text);
});

test('signs, ciphers, false encodings and repetition do not', () => {
  const shift = (text: string) =>
    text.replace(/[a-z]/g, (c) => String.fromCharCode(((c.charCodeAt(0) - 94) % 26) + 97));
  const signs = EN.replace(/[a-z]/gi, (c) => String.fromCharCode(33 + (c.charCodeAt(0) % 15)));
  assert.match(nonsenseIn(signs)!, /signs/);
  assert.match(nonsenseIn(shift(EN))!, /speak/);
  assert.match(nonsenseIn(Buffer.from(ZH).toString('latin1'))!, /Latin-1|signs/);
  assert.match(nonsenseIn(new TextDecoder('windows-1252').decode(Buffer.from(TR)))!, /Latin-1/);
  assert.match(nonsenseIn('aaaa '.repeat(30))!, /over and over/);
  assert.match(nonsenseIn('aBcd eFgh iJkl oPqr uVwx '.repeat(4))!, /capitals/);
});

test('too little text is not judged', () => {
  assert.equal(nonsenseIn('— 7 —'), null);
  assert.equal(nonsenseIn('brr hmm'), null);
});

test('a hundred thousand characters take no time', () => {
  for (const text of [
    'a'.repeat(100_000),
    '.'.repeat(100_000),
    '\u00c3\u00a4'.repeat(50_000),
    ' '.repeat(100_000),
    'aB'.repeat(50_000),
  ]) {
    const startedMs = performance.now();
    nonsenseIn(text);
    assert.ok(performance.now() - startedMs < 20_000);
  }
});
