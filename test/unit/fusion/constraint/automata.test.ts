import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteRegex } from '../../../../fusion/constraint/byte-regex.ts';
import { closedList } from '../../../../fusion/constraint/closed-list.ts';
import { fieldConstraint } from '../../../../fusion/constraint/field-constraint.ts';
import { intersect } from '../../../../fusion/constraint/intersect.ts';
import { LIST_VALUE_BYTES_MAX, LIST_VALUES_MAX, PATTERN_LEN_MAX } from '../../../../fusion/constraint/limits.ts';
import { utf8Ranges } from '../../../../fusion/constraint/utf8-ranges.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import { advance, type ByteConstraint, REJECTED } from '../../../../models/core/byte-constraint.ts';
import { hash01 } from '../../../support/toy-model.ts';

const encoder = new TextEncoder();

function accepts(constraint: ByteConstraint, text: string): boolean {
  const state = advance(constraint, constraint.start, encoder.encode(text));
  return state !== REJECTED && constraint.accepts(state);
}

const invalid = (words: string) => (error: unknown) =>
  error instanceof AppError && error.code === 'invalid_option' && error.message.includes(words);

/** 900 call signs: two letters of five, a digit, three letters. */
const CALL_SIGNS = Array.from({ length: 900 }, (_, i) => {
  const letter = (n: number) => String.fromCharCode(65 + Math.floor(26 * hash01(i, n)));
  return `T${'ABCDE'[i % 5]}${i % 10}${letter(1)}${letter(2)}${letter(3)}`;
});

test('a list of 900 call signs accepts exactly these, with fewer states than bytes', () => {
  const list = closedList(CALL_SIGNS);
  const known = new Set(CALL_SIGNS);
  for (const sign of CALL_SIGNS) {
    assert.ok(accepts(list, sign));
    for (const other of [sign.slice(0, -1), `${sign}A`, `${sign.slice(0, 3)}ZZ${sign[5]}`]) {
      assert.equal(accepts(list, other), known.has(other), other);
    }
  }
  assert.ok(list.size < 3000, `${list.size} states for ${6 * known.size} bytes`);
});

test('a value may begin with another, and values may hold any characters', () => {
  const list = closedList(['Bolu', 'Bolu Dağı', '北京', '北京市', 'Bolu']);
  for (const value of ['Bolu', 'Bolu Dağı', '北京', '北京市']) assert.ok(accepts(list, value));
  for (const other of ['Bol', 'Bolu ', 'Bolu Dag', '北', '北京市市', '']) assert.ok(!accepts(list, other), other);
});

test('lists beyond their limits are refused, those at the limits are not', () => {
  assert.throws(() => closedList([]), invalid('empty'));
  assert.throws(() => closedList(['a', '']), invalid('0 bytes'));
  assert.ok(closedList(['a'.repeat(LIST_VALUE_BYTES_MAX)]));
  assert.throws(
    () => closedList(['a'.repeat(LIST_VALUE_BYTES_MAX + 1)]),
    invalid(`${LIST_VALUE_BYTES_MAX} are allowed`),
  );
  const values = Array.from({ length: LIST_VALUES_MAX + 1 }, (_, i) => `v${i}`);
  assert.ok(accepts(closedList(values.slice(1)), `v${LIST_VALUES_MAX}`));
  assert.throws(() => closedList(values), invalid(`${LIST_VALUES_MAX} are allowed`));
});

test('a pattern of the longest length compiles, one character more does not', () => {
  assert.ok(accepts(byteRegex('a'.repeat(PATTERN_LEN_MAX)), 'a'.repeat(PATTERN_LEN_MAX)));
  assert.throws(() => byteRegex('a'.repeat(PATTERN_LEN_MAX + 1)), invalid(`${PATTERN_LEN_MAX} are allowed`));
});

test('a state that answers a byte always leads to an accepted string', () => {
  // After "a" the pattern's second branch is dead: nothing matches [^\d\D].
  const regex = byteRegex('ab|a[^\\d\\D]|c');
  const afterA = regex.next(regex.start, 0x61);
  assert.notEqual(afterA, REJECTED);
  assert.notEqual(regex.next(afterA, 0x62), REJECTED);
  for (let byte = 0; byte < 256; byte++) {
    if (byte !== 0x62) assert.equal(regex.next(afterA, byte), REJECTED);
  }
});

test('an intersection accepts what both accept', () => {
  const both = intersect(byteRegex('[a-c]{2,4}'), byteRegex('(ab)+|c*'));
  for (const [text, expected] of [
    ['ab', true],
    ['abab', true],
    ['ababab', false],
    ['cc', true],
    ['c', false],
    ['ba', false],
  ] as const) {
    assert.equal(accepts(both, text), expected, text);
  }
});

test('code point ranges become the bytes that the encoder writes, no more and no fewer', () => {
  const contains = (sequences: ReturnType<typeof utf8Ranges>, bytes: Uint8Array) =>
    sequences.some(
      (one) => one.length === bytes.length && one.every(([lo, hi], i) => bytes[i]! >= lo && bytes[i]! <= hi),
    );
  for (const [first, last] of [
    [0, 0x10ffff],
    [0x7f, 0x80],
    [0x11e, 0x131],
    [0x7ff, 0x801],
    [0x4e00, 0x9fff],
    [0xd7ff, 0xe000],
    [0xfffe, 0x10001],
    [0x1f600, 0x1f64f],
  ] as const) {
    const sequences = utf8Ranges(first, last);
    for (const edge of [first, last, 0x80, 0x800, 0x10000, 0xd800, 0x4e00, 0x1f600]) {
      for (let point = Math.max(0, edge - 70); point <= Math.min(0x10ffff, edge + 70); point++) {
        if (point >= 0xd800 && point <= 0xdfff) continue;
        const bytes = encoder.encode(String.fromCodePoint(point));
        assert.equal(contains(sequences, bytes), point >= first && point <= last, point.toString(16));
      }
    }
    assert.ok(!contains(sequences, Uint8Array.of(0xed, 0xa0, 0x80)), 'a surrogate is no character');
  }
});

test('errors name the field', () => {
  assert.throws(() => fieldConstraint('plate', { kind: 'regex', pattern: '(' }), invalid('Field plate: A pattern'));
  assert.ok(accepts(fieldConstraint('sign', { kind: 'list', values: ['TA1AB'] }), 'TA1AB'));
  assert.ok(accepts(fieldConstraint('day', { kind: 'format', format: 'date' }), '2026-11-25'));
});
