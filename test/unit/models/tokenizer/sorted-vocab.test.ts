import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toyTokens, toyVocab } from './toy-vocab.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (array: Uint8Array) => new TextDecoder().decode(array);

const PIECES = ['th', 'he', 'the', ' the', 'in', 'a', 'b', 'c', 'e', 'h', 'i', 'n', 't', ' ', 'A', '天', '气', '天气'];
const TOKENS = toyTokens(PIECES, ['\n\n', '\n', '<b>']);
const vocab = toyVocab(TOKENS);
const pieces = (input: string) => vocab.encode(bytes(input)).map((row) => text(vocab.bytesOf(row)));

test('rows are in byte order, and control tokens follow them', () => {
  for (let row = 1; row < vocab.size; row++) {
    assert.ok(Buffer.compare(vocab.bytesOf(row - 1), vocab.bytesOf(row)) <= 0, `row ${row}`);
  }
  assert.equal(vocab.size, TOKENS.length - 2);
  assert.equal(vocab.bos, vocab.size);
  assert.equal(vocab.controlId('eos'), vocab.size + 1);
  assert.equal(vocab.tokenLenBytesMax, 6);
});

test('the best rank merges first, not the longest match', () => {
  assert.deepEqual(pieces('the'), ['the']);
  assert.deepEqual(pieces(' the'), [' the']);
  // "th" comes before "he", so "the" is made of "th" and "e" everywhere; "hhe" has no "th".
  assert.deepEqual(pieces('hhe'), ['h', 'he']);
  assert.deepEqual(pieces('天气'), ['天气']);
});

test('characters that are no token fall to their bytes', () => {
  const rows = vocab.encode(bytes('aéb'));
  assert.deepEqual(
    rows.map((row) => [...vocab.bytesOf(row)]),
    [[97], [0xc3], [0xa9], [98]],
  );
});

test('a character that is a token is never written with its byte token', () => {
  const [row] = vocab.encode(bytes('A'));
  const twins = vocab.interval(bytes('A'));
  assert.equal(twins.hi - twins.lo, 2);
  assert.equal(TOKENS[vocab.sourceIdOf(row!)]!.kind, 'normal');
});

test('literals are cut out first, the longest first', () => {
  assert.deepEqual(pieces('a\n\n\nb'), ['a', '\n\n', '\n', 'b']);
  assert.deepEqual(pieces('th<b>e'), ['th', '<b>', 'e']);
});

test('text that looks like a control token stays text', () => {
  for (const name of ['<bos>', '<eos>']) {
    const rows = vocab.encode(bytes(name));
    assert.ok(rows.every((row) => row < vocab.size));
    assert.equal(text(vocab.decode(rows)), name);
  }
});

test('covers tells apart what falls to bytes', () => {
  assert.equal(vocab.covers('the 天气\n'), true);
  assert.equal(vocab.covers('é'), false);
  assert.equal(vocab.covers('\ud800'), false);
});

test('the empty prefix is every row, an impossible one is none', () => {
  assert.deepEqual(vocab.interval(new Uint8Array(0)), { lo: 0, hi: vocab.size });
  const none = vocab.interval(bytes('thx'));
  assert.equal(none.lo, none.hi);
});
