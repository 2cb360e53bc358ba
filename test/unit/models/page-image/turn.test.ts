import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Raster } from '../../../../models/core/page.ts';
import { type QuarterTurn, turnRaster } from '../../../../models/page-image/turn.ts';

/** A page from rows of letters: each letter is a pixel of its own color. */
const page = (...rows: string[]): Raster => ({
  width: rows[0]!.length,
  height: rows.length,
  rgb: Uint8Array.from([...rows.join('')].flatMap((letter) => [letter.charCodeAt(0), 1, 255 - letter.charCodeAt(0)])),
});

test('an asymmetric page turns clockwise', () => {
  const upright = page('abc', 'def');
  const turned: Record<QuarterTurn, Raster> = {
    0: upright,
    90: page('da', 'eb', 'fc'),
    180: page('fed', 'cba'),
    270: page('cf', 'be', 'ad'),
  };
  for (const degrees of [0, 90, 180, 270] as const) assert.deepEqual(turnRaster(upright, degrees), turned[degrees]);
});

test('pages larger than a tile turn four times into themselves', () => {
  const rgb = Uint8Array.from({ length: 75 * 41 * 3 }, (_, i) => (i * 7919) % 251);
  const upright: Raster = { width: 75, height: 41, rgb };
  let turned = upright;
  for (let i = 0; i < 4; i++) turned = turnRaster(turned, 90);
  assert.deepEqual(turned, upright);
  assert.deepEqual(turnRaster(turnRaster(upright, 90), 270), upright);
  assert.deepEqual(turnRaster(turnRaster(upright, 90), 90), turnRaster(upright, 180));
});
