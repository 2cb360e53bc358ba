import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { slowEncode, toyTokens as toySource, toyVocab } from '../unit/models/tokenizer/toy-vocab.ts';

const SEED = 20261123;
const letters = ['a', 'b', 'c', ' ', '天', 'ş'];
/** Random pieces of two to four characters, on top of the single ones: shared prefixes are frequent. */
const pieceLists = fc.uniqueArray(
  fc.array(fc.constantFrom(...letters), { minLength: 2, maxLength: 4 }).map((chars) => chars.join('')),
  { minLength: 1, maxLength: 24 },
);

test('an interval holds exactly the rows that begin with the prefix', () => {
  fc.assert(
    fc.property(
      pieceLists,
      fc.array(fc.constantFrom(0x61, 0x62, 0x20, 0xe5, 0xa4, 0xa9, 0xff, 0x00), { maxLength: 5 }),
      (pieces, prefix) => {
        const vocab = toyVocab(toySource([...letters, ...pieces]));
        const { lo, hi } = vocab.interval(Uint8Array.from(prefix));
        for (let row = 0; row < vocab.size; row++) {
          const begins = prefix.every((byte, i) => vocab.bytesOf(row)[i] === byte);
          assert.equal(row >= lo && row < hi, begins, `row ${row}`);
        }
      },
    ),
    { seed: SEED, numRuns: 100 },
  );
});

test('encoding equals byte pair encoding from its definition', () => {
  const texts = fc.array(fc.constantFrom(...letters, 'z', '\n'), { maxLength: 90 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(pieceLists, texts, (pieces, text) => {
      const tokens = toySource([...pieces, ...letters], ['\n\n', '\n']);
      const vocab = toyVocab(tokens);
      const expected = slowEncode(tokens, text).map((piece) => Buffer.from(piece));
      const known = new Set(tokens.filter((token) => token.kind !== 'byte').map((token) => token.name));
      const rows = expected.flatMap((piece) =>
        known.has(piece.toString()) ? [piece] : [...piece].map((byte) => Buffer.of(byte)),
      );
      const found = vocab.encode(Buffer.from(text)).map((row) => Buffer.from(vocab.bytesOf(row)));
      assert.deepEqual(found, rows);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('decoding what was encoded gives back any bytes', () => {
  const vocab = toyVocab(toySource([...letters, 'ab', '天天', ' a'], ['\n']));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      assert.deepEqual(vocab.decode(vocab.encode(bytes)), Uint8Array.from(bytes));
    }),
    { seed: SEED, numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      assert.equal(
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(vocab.decode(vocab.encode(Buffer.from(text)))),
        text,
      );
    }),
    { seed: SEED, numRuns: 200 },
  );
});
