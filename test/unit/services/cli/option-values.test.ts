import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import {
  numberBetween,
  numberList,
  oneOf,
  phrases,
  someOf,
  wholeNumber,
} from '../../../../services/cli/option-values.ts';

const invalid = (error: unknown) => error instanceof AppError && error.code === 'invalid_option';

test('a number out of its range is an invalid option whose message names option, value and range', () => {
  const read = wholeNumber('--beams', 1, 16);
  assert.equal(read('16'), 16);
  assert.throws(
    () => read('17'),
    (error: Error) => invalid(error) && /--beams is "17".*1 to 16/.test(error.message),
  );
});

test('what is no number is refused, however it is written', () => {
  const whole = wholeNumber('--x', 0, 10);
  const real = numberBetween('--x', 0, 1);
  for (const text of ['', ' ', 'x', '1.5', '1e1', '-1', 'NaN', 'Infinity', '0x1', '11']) {
    assert.throws(() => whole(text), invalid, `whole "${text}"`);
  }
  for (const text of ['', ' ', 'x', '-0.1', '1.01', 'NaN', '1,5'])
    assert.throws(() => real(text), invalid, `"${text}"`);
  assert.equal(real('0.3'), 0.3);
  assert.equal(real('0'), 0);
});

test('lists are read with commas', () => {
  assert.deepEqual(numberList('--t', 0, 1)('0, 0.2,1'), [0, 0.2, 1]);
  assert.throws(() => numberList('--t', 0, 1)('0,,1'), invalid);
  assert.throws(() => numberList('--t', 0, 1)('0,2'), invalid);
  assert.deepEqual(someOf('--f', ['a', 'b'])('b,a,b'), ['b', 'a']);
  assert.throws(() => someOf('--f', ['a', 'b'])('a,c'), invalid);
  assert.throws(() => oneOf('--f', ['a', 'b'])('A'), invalid);
  assert.deepEqual(phrases('Ann Lee, 北京，上海 ,'), ['Ann Lee', '北京', '上海']);
});
