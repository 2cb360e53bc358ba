import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSize } from '../../../../services/intake/pdf-decoder.ts';

test('a page is as large as its resolution says, or as large as it may be', () => {
  assert.deepEqual(pageSize(612, 792, 300, 64e6), { width: 2550, height: 3300, dpi: 300 });
  const poster = pageSize(2384, 3370, 600, 64e6)!;
  assert.ok(poster.dpi > 200 && poster.dpi < 204);
  assert.ok(poster.width * poster.height <= 64e6 && poster.width * poster.height > 63e6);
  const strip = pageSize(14_400, 10, 300, 64e6)!;
  assert.equal(strip.width, 32_000);
});

test('a page that is only legible above the limit is refused, and so is one without a size', () => {
  assert.equal(pageSize(1e6, 1e6, 200, 64e6), null);
  assert.equal(pageSize(1e6, 10, 200, 64e6), null);
  assert.equal(pageSize(0, 100, 200, 64e6), null);
  assert.equal(pageSize(Number.NaN, 100, 200, 64e6), null);
  assert.deepEqual(pageSize(0.01, 0.01, 72, 64e6), { width: 1, height: 1, dpi: 72 });
});
