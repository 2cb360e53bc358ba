import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { convexHull, minAreaRect } from '../../../../models/ocr/min-area-rect.ts';

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../../../fixtures/golden/text-boxes.json', import.meta.url)), 'utf8'),
) as { readonly rects: readonly { readonly points: readonly [number, number][]; readonly area: number }[] };

function sorted(points: readonly (readonly [number, number])[]): Float64Array {
  return Float64Array.from([...points].sort((a, b) => a[1] - b[1] || a[0] - b[0]).flat());
}

test('the smallest rectangle of random points has the area that OpenCV finds, and holds them all', () => {
  for (const { points, area } of golden.rects) {
    const rect = minAreaRect(convexHull(sorted(points)));
    assert.ok(Math.abs(rect.along * rect.across - area) < 0.01 * area, `${rect.along * rect.across}, OpenCV ${area}`);
    for (const [x, y] of points) {
      const along = (x - rect.centerX) * rect.dirX + (y - rect.centerY) * rect.dirY;
      const across = (y - rect.centerY) * rect.dirX - (x - rect.centerX) * rect.dirY;
      assert.ok(Math.abs(along) <= rect.along / 2 + 1e-9 && Math.abs(across) <= rect.across / 2 + 1e-9);
    }
  }
});

test('the hull leaves out points on its sides and inside it', () => {
  const grid = [0, 1, 2].flatMap((y) => [0, 1, 2, 3].map((x): [number, number] => [x, y]));
  const hull = convexHull(sorted(grid));
  const corners = [];
  for (let i = 0; i < hull.length; i += 2) corners.push(`${hull[i]},${hull[i + 1]}`);
  assert.deepEqual(corners.sort(), ['0,0', '0,2', '3,0', '3,2']);
});

test('a point and a segment give rectangles without area, not NaN', () => {
  const point = minAreaRect(convexHull(Float64Array.of(5, 7, 5, 7)));
  assert.deepEqual([point.centerX, point.centerY, point.along, point.across], [5, 7, 0, 0]);
  const segment = minAreaRect(convexHull(Float64Array.of(0, 0, 1, 1, 2, 2, 3, 3)));
  assert.ok(Math.abs(segment.along - Math.hypot(3, 3)) < 1e-9);
  assert.equal(segment.across, 0);
});
