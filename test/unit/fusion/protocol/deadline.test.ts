import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadline } from '../../../../fusion/protocol/deadline.ts';
import type { AppError } from '../../../../models/core/app-error.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

test('a deadline tells the time left and fires once, at its end', () => {
  const clock = new ManualClock();
  const errors: AppError[] = [];
  const deadline = new Deadline(100, (error) => errors.push(error), clock);
  clock.advance(40.5);
  assert.equal(deadline.leftMs, 59);
  clock.advance(59);
  assert.equal(errors.length, 0);
  clock.advance(1);
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['deadline_exceeded'],
  );
  clock.advance(1000);
  assert.equal(deadline.leftMs, 0);
  assert.equal(errors.length, 1);
});

test('a deadline that is disposed of never fires and leaves no timer', () => {
  const clock = new ManualClock();
  const deadline = new Deadline(100, () => assert.fail('fired'), clock);
  deadline.dispose();
  assert.equal(clock.pending, 0);
  clock.advance(200);
});

test('without a deadline there is no time left to tell and no timer', () => {
  const clock = new ManualClock();
  const deadline = new Deadline(undefined, () => assert.fail('fired'), clock);
  assert.equal(deadline.leftMs, undefined);
  assert.equal(clock.pending, 0);
});
