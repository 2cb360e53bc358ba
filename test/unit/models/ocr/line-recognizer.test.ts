import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINE_WIDTH_MAX } from '../../../../models/ocr/limits.ts';
import { FRAME_WIDTH, lineBatches, paddedWidth } from '../../../../models/ocr/line-recognizer.ts';

test('padding is less than one step, in whole frames, and ends at the limit', () => {
  for (let width = 1; width <= LINE_WIDTH_MAX; width++) {
    const padded = paddedWidth(width);
    assert.ok(padded >= width && padded % FRAME_WIDTH === 0, String(width));
    assert.ok(padded - width < Math.max(64, width > 1024 ? 128 : 32), `${width} to ${padded}`);
  }
  assert.equal(paddedWidth(LINE_WIDTH_MAX + 1), LINE_WIDTH_MAX);
});

test('every line is in one batch, whose lines share a width; narrow ones come first, counts are powers of two', () => {
  const widths = Array.from({ length: 100 }, (_, i) => 20 + ((i * 137) % 900));
  const batches = lineBatches(widths);
  assert.deepEqual(
    batches.flatMap((batch) => batch.lines).sort((a, b) => a - b),
    widths.map((_, i) => i),
  );
  let before = 0;
  for (const { width, lines } of batches) {
    assert.ok(width >= before && (lines.length === 1 || width * lines.length <= 640));
    assert.ok([1, 2, 4, 8].includes(lines.length));
    for (const line of lines) assert.equal(paddedWidth(widths[line]!), width);
    before = width;
  }
});

test('few tensor shapes exist, whatever the pages', () => {
  const shapes = new Set<string>();
  for (let width = 1; width <= LINE_WIDTH_MAX; width++) {
    for (let count = 1; count <= 8; count++) {
      for (const batch of lineBatches(new Array(count).fill(width))) shapes.add(`${batch.width}x${batch.lines.length}`);
    }
  }
  assert.ok(shapes.size <= 80, `${shapes.size} shapes`);
});

test('no lines, no batches', () => {
  assert.deepEqual(lineBatches([]), []);
});
