import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlphabetReceiver, AlphabetTable, alphabetParts } from '../../../../fusion/protocol/alphabet-table.ts';
import type { AlphabetPart } from '../../../../fusion/protocol/messages.ts';
import type { Alphabet } from '../../../../models/core/stepwise.ts';

/** An alphabet of `size` tokens of up to `bytesMax` bytes; every seventh is special. */
function alphabetOf(size: number, bytesMax: number): Alphabet {
  const lengths = Uint16Array.from({ length: size }, (_, id) => (id % 7 === 0 ? 0 : 1 + ((id * 31) % bytesMax)));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return new AlphabetTable(
    lengths,
    Uint8Array.from({ length: total }, (_, i) => (i * 131) % 251),
  );
}

function receive(parts: readonly AlphabetPart[], expected: { size: number; hash: string }) {
  const receiver = new AlphabetReceiver(expected);
  return parts.map((part) => receiver.take(part)).at(-1);
}

test('a table comes through in parts as it was, special tokens included', () => {
  const alphabet = alphabetOf(9000, 300);
  const parts = alphabetParts(alphabet);
  assert.ok(parts.length > 1);
  const table = receive(parts, alphabet)!;
  assert.equal(table.hash, alphabet.hash);
  for (const id of [0, 1, 7, 4444, 8999]) assert.deepEqual(table.bytesOf(id), alphabet.bytesOf(id));
});

test('the hash tells where one token ends and the next begins', () => {
  const bytes = new TextEncoder().encode('abc');
  const one = new AlphabetTable(Uint16Array.from([1, 2]), bytes);
  const other = new AlphabetTable(Uint16Array.from([2, 1]), bytes);
  assert.notEqual(one.hash, other.hash);
  // Of the bytes 01 00 61 02 00 62 63, by another program.
  assert.equal(one.hash, '407cb27f03ff277ef8e09170462e8453ef993566b29bfb2a191656625ad146eb');
});

test('a token outside the alphabet is a mistake of the caller', () => {
  assert.throws(() => alphabetOf(3, 2).bytesOf(3), RangeError);
});

const ALPHABET = alphabetOf(9000, 300);
const [FIRST, SECOND, ...REST] = alphabetParts(ALPHABET) as [AlphabetPart, AlphabetPart, ...AlphabetPart[]];

for (const [what, parts, named] of [
  ['a part out of order', [SECOND], /part: expected 0, found 1/],
  ['a part twice', [FIRST, FIRST], /part: expected 1, found 0/],
  ['another alphabet', [{ ...FIRST, hash: 'f'.repeat(64) }], /hash/],
  ['a gap in the ids', [FIRST, { ...SECOND, first: SECOND.first + 1 }], /first/],
  ['an end before all tokens came', [{ ...FIRST, parts: 1 }], /tokens came of 9000/],
  ['changed bytes', [FIRST, { ...SECOND, bytes: SECOND.bytes.map((byte) => byte ^ 1) }, ...REST], /hashes to/],
] as const) {
  test(`a table is refused: ${what}`, () => {
    assert.throws(() => receive(parts, ALPHABET), { code: 'protocol_error', message: named });
  });
}
