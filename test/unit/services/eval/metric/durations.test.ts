import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Durations } from '../../../../../services/eval/metric/durations.ts';
import { EXACT_DURATIONS_MAX } from '../../../../../services/eval/metric/limits.ts';

test('percentiles of few values are exact', () => {
  const durations = new Durations();
  for (const ms of [5, 1, 3, 2, 4]) durations.add(ms);
  assert.deepEqual(durations.percentiles([0, 0.5, 1]), [1, 3, 5]);
  assert.ok(Number.isNaN(new Durations().percentiles([0.5])[0]));
});

test('percentiles of many values are right to 0.1%', () => {
  const durations = new Durations();
  const count = EXACT_DURATIONS_MAX + 1;
  // 1 to count, in an order that jumps about.
  for (let i = 0; i < count; i++) durations.add(1 + ((i * 7919) % count));
  durations.percentiles([0.01, 0.5, 0.9, 0.99]).forEach((value, i) => {
    const exact = 1 + [0.01, 0.5, 0.9, 0.99][i]! * (count - 1);
    assert.ok(Math.abs(value / exact - 1) < 0.0011, `${value} for ${exact}`);
  });
  assert.equal(durations.count, count);
});
