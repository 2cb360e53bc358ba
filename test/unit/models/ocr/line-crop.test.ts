import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Quad, Raster } from '../../../../models/core/page.ts';
import { homography, LINE_HEIGHT, quadStrip } from '../../../../models/ocr/line-crop.ts';

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../../../fixtures/golden/text-boxes.json', import.meta.url)), 'utf8'),
) as {
  readonly crops: readonly { readonly quad: Quad; readonly width: number; readonly everyFifth: readonly number[] }[];
};

/** The picture of fixtures/golden/text-boxes.py. */
function picture(): Raster {
  const rgb = new Uint8Array(80 * 60 * 3);
  let at = 0;
  for (let y = 0; y < 60; y++) {
    for (let x = 0; x < 80; x++) {
      rgb[at++] = Math.floor(127.5 + 100 * Math.sin(x / 7) * Math.cos(y / 9));
      rgb[at++] = Math.floor(127.5 + 100 * Math.cos(x / 11 + y / 6));
      rgb[at++] = 2 * x + y;
    }
  }
  return { width: 80, height: 60, rgb };
}

function drawn(page: Raster, quad: Quad): { width: number; value: (x: number, y: number, channel: number) => number } {
  const strip = quadStrip(page, quad);
  const plane = strip.width * LINE_HEIGHT;
  const out = new Float32Array(3 * plane);
  strip.draw(out, 0, plane, strip.width, strip.width);
  // Planes are blue, green, red; channels are counted red, green, blue.
  return {
    width: strip.width,
    value: (x, y, channel) => ((out[(2 - channel) * plane + y * strip.width + x]! + 1) * 255) / 2,
  };
}

test("crops equal OpenCV's, which are cut with bicubic and resized with bilinear sampling, to a few steps of 255", () => {
  for (const { quad, width, everyFifth } of golden.crops) {
    const strip = drawn(picture(), quad);
    assert.equal(strip.width, width);
    let at = 0;
    let worst = 0;
    let sum = 0;
    for (let y = 0; y < LINE_HEIGHT; y += 5) {
      for (let x = 0; x < width; x += 5) {
        for (let channel = 0; channel < 3; channel++) {
          const off = Math.abs(strip.value(x, y, channel) - everyFifth[at++]!);
          worst = Math.max(worst, off);
          sum += off;
        }
      }
    }
    assert.equal(at, everyFifth.length);
    assert.ok(worst < 7 && sum / at < 0.6, `largest difference ${worst}, mean ${sum / at}`);
  }
});

test('the map takes the corners of the rectangle to the corners of the quad', () => {
  const quad: Quad = [10, 10, 90, 20, 80, 70, 5, 60];
  const [a, b, c, d, e, f, g, h] = homography(200, 48, quad) as unknown as number[];
  const corners = [
    [0, 0],
    [200, 0],
    [200, 48],
    [0, 48],
  ];
  corners.forEach(([u, v], i) => {
    const w = g! * u! + h! * v! + 1;
    assert.ok(Math.abs((a! * u! + b! * v! + c!) / w - quad[2 * i]!) < 1e-9);
    assert.ok(Math.abs((d! * u! + e! * v! + f!) / w - quad[2 * i + 1]!) < 1e-9);
  });
});

test('a quad that leaves the page repeats the border, and one without area breaks nothing', () => {
  const page: Raster = { width: 2, height: 1, rgb: Uint8Array.of(255, 0, 0, 0, 0, 255) };
  const beyond = drawn(page, [-50, -50, 50, -50, 50, 50, -50, 50]);
  assert.equal(beyond.value(0, 0, 0), 255);
  assert.equal(beyond.value(beyond.width - 1, 47, 2), 255);
  const point = drawn(page, [1, 0, 1, 0, 1, 0, 1, 0]);
  assert.ok(Number.isFinite(point.value(0, 0, 0)));
});

test('fine stripes become their mean where a tall line is reduced, not one of their colors', () => {
  const rgb = new Uint8Array(400 * 192 * 3);
  for (let i = 0; i < 400 * 192; i++) rgb.fill(i % 2 === 0 ? 255 : 0, 3 * i, 3 * i + 3);
  const strip = drawn({ width: 400, height: 192, rgb }, [0, 0, 400, 0, 400, 192, 0, 192]);
  assert.equal(strip.width, 100);
  for (let x = 5; x < 95; x++) assert.ok(Math.abs(strip.value(x, 24, 1) - 127.5) < 2, String(strip.value(x, 24, 1)));
});
