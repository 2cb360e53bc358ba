import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondHalf, theilSen } from '../../bench/soak/slope.ts';

test('the slope of a line is found, and a few peaks do not tilt it', () => {
  const line = Array.from({ length: 21 }, (_, x) => ({ x, y: 100 + 3 * x }));
  assert.equal(theilSen(line), 3);
  const peaks = line.map(({ x, y }) => ({ x, y: x % 7 === 6 ? y + 500 : y }));
  assert.ok(Math.abs(theilSen(peaks) - 3) < 0.5);
});

test('points at one time have no slope', () => {
  assert.ok(Number.isNaN(theilSen([])));
  assert.ok(
    Number.isNaN(
      theilSen([
        { x: 1, y: 1 },
        { x: 1, y: 2 },
      ]),
    ),
  );
});

test('growth that ends before the second half is not seen there', () => {
  const points = Array.from({ length: 20 }, (_, x) => ({ x, y: Math.min(x, 9) * 50 }));
  assert.ok(theilSen(points) > 0);
  const late = secondHalf(points);
  assert.deepEqual([late.length, late[0]!.x], [10, 10]);
  assert.equal(theilSen(late), 0);
});
