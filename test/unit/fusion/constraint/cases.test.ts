import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteRegex } from '../../../../fusion/constraint/byte-regex.ts';
import { FORMATS, formatConstraint } from '../../../../fusion/constraint/formats.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import { advance, type ByteConstraint, REJECTED } from '../../../../models/core/byte-constraint.ts';
import { readCases } from '../../../support/case-file.ts';

function accepts(constraint: ByteConstraint, text: string): boolean {
  const state = advance(constraint, constraint.start, new TextEncoder().encode(text.replace(/␣/gu, ' ')));
  return state !== REJECTED && constraint.accepts(state);
}

test('formats accept the strings that the cases say', () => {
  const seen = new Set<string>();
  for (const { input, expected, options, where } of readCases('fixtures/cases/constraint/formats.cases.txt')) {
    const format = FORMATS.find((each) => each === options.get('format'));
    assert.ok(format, where);
    seen.add(format);
    assert.equal(accepts(formatConstraint(format), input) ? 'yes' : 'no', expected, `${where}: ${input}`);
  }
  assert.deepEqual([...seen].sort(), [...FORMATS].sort(), 'every format has cases');
});

test('patterns accept the strings that the cases say, and what is unsupported is named', () => {
  for (const { input, expected, where } of readCases('fixtures/cases/constraint/patterns.cases.txt')) {
    if (expected.startsWith('unsupported: ')) {
      assert.throws(
        () => byteRegex(input),
        (error) =>
          error instanceof AppError && error.code === 'invalid_option' && error.message.includes(expected.slice(13)),
        `${where}: ${input}`,
      );
      continue;
    }
    const [pattern, text] = input.split(' ~ ') as [string, string];
    assert.equal(accepts(byteRegex(pattern), text) ? 'yes' : 'no', expected, where);
  }
});
