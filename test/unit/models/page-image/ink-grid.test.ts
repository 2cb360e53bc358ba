import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Raster } from '../../../../models/core/page.ts';
import { InkGrid } from '../../../../models/page-image/ink-grid.ts';

/** 30 x 30 pixels of one brightness with a square of another one; at 90 dpi a cell has 3 pixels. */
function square(paper: number, ink: number, left: number, top: number, side: number): Raster {
  const rgb = new Uint8Array(30 * 30 * 3).fill(paper);
  for (let y = top; y < top + side; y++) rgb.fill(ink, (y * 30 + left) * 3, (y * 30 + left + side) * 3);
  return { width: 30, height: 30, rgb };
}

const busyCount = (grid: InkGrid) =>
  Array.from({ length: grid.columns * grid.rows }, (_, cell) => grid.isBusy(cell)).filter(Boolean).length;

test('ink is where bright and dark meet, whichever of them is the paper', () => {
  for (const [paper, ink] of [
    [255, 0],
    [20, 220],
  ] as const) {
    const grid = new InkGrid(square(paper, ink, 10, 10, 2), 90);
    assert.equal(busyCount(grid), 1);
    assert.ok(grid.hasInk([9, 9, 12, 12]));
    assert.ok(!grid.hasInk([12, 9, 30, 30]));
  }
});

test('even areas and faint differences are no ink', () => {
  assert.equal(busyCount(new InkGrid(square(128, 128, 0, 0, 1), 90)), 0);
  assert.equal(busyCount(new InkGrid(square(255, 208, 10, 10, 2), 90)), 0);
  assert.equal(busyCount(new InkGrid(square(255, 207, 10, 10, 2), 90)), 1);
});

test('an edge between two cells belongs to both', () => {
  // The square fills one cell exactly: it and its four neighbours have an edge.
  assert.equal(busyCount(new InkGrid(square(255, 0, 9, 9, 3), 90)), 5);
});

test('boxes outside of the page touch nothing', () => {
  const grid = new InkGrid(square(255, 0, 10, 10, 2), 90);
  const mask = new Uint8Array(grid.columns * grid.rows);
  for (const box of [
    [-50, -50, -10, -10],
    [100, 0, 200, 30],
    [0, 100, 30, 200],
  ] as const) {
    assert.ok(!grid.hasInk(box));
    grid.mark(mask, box, 1);
  }
  assert.equal(mask.includes(1), false);
  grid.mark(mask, [-10, -10, 500, 500]);
  assert.equal(mask.includes(0), false);
});
