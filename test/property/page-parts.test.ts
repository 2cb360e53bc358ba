import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../../fusion/protocol/codec.ts';
import type { Image, Lattice, Page } from '../../fusion/protocol/messages.ts';
import { imageParts, PageReceiver, pageParts, RasterReceiver } from '../../fusion/protocol/page-parts.ts';
import type { LineUnit, PageUnit, Raster } from '../../models/core/page.ts';

const raster: fc.Arbitrary<Raster> = fc
  .record({ width: fc.integer({ min: 1, max: 1200 }), height: fc.integer({ min: 1, max: 900 }), salt: fc.nat(255) })
  .map(({ width, height, salt }) => ({
    width,
    height,
    rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 31 + salt) & 255),
  }));

const line = fc.record({ frames: fc.integer({ min: 1, max: 6000 }), width: fc.integer({ min: 1, max: 24 }) });

function pageOf(index: number, lines: readonly { frames: number; width: number }[]): PageUnit {
  return {
    index,
    widthPx: 100,
    heightPx: 80,
    turnedDegrees: 180,
    skewDegrees: -0.25,
    warnings: [{ code: 'x', message: 'y' }],
    timings: { detectMs: 1, orientMs: 2, recognizeMs: 3 },
    lines: lines.map(
      ({ frames, width }, i): LineUnit => ({
        index: i,
        quad: [0, i, 9, i, 9, i + 1, 0, i + 1],
        direction: 'horizontal',
        detectionScore: 0.5,
        frameShare: 1 / frames,
        lattice: {
          frames,
          width,
          blank: 0,
          ids: Int32Array.from({ length: frames * width }, (_, at) => at % 97),
          logProbs: Float32Array.from({ length: frames * width }, (_, at) => -(at % width)),
        },
      }),
    ),
  };
}

test('pages that travel in parts come out as they went in, one after another', () => {
  fc.assert(
    fc.property(fc.array(raster, { minLength: 1, maxLength: 2 }), (pages) => {
      const receiver = new RasterReceiver();
      pages.forEach((page, index) => {
        const parts = [...imageParts(7, index, page)].map((part) => decodeMessage(encodeMessage(part)) as Image);
        const whole = parts.map((part) => receiver.take(part));
        assert.deepEqual(whole.slice(0, -1), new Array(parts.length - 1).fill(undefined));
        assert.deepEqual(whole.at(-1), page);
        assert.equal(receiver.isOpen, false);
      });
    }),
    { seed: 1, numRuns: 20 },
  );
});

test('lattices that travel in parts come out as they went in, one page after another', () => {
  fc.assert(
    fc.property(fc.array(fc.array(line, { maxLength: 4 }), { minLength: 1, maxLength: 3 }), (pages) => {
      const receiver = new PageReceiver(97);
      pages.forEach((lines, index) => {
        const page = pageOf(index, lines);
        const parts = [...pageParts(3, page)].map((part) => decodeMessage(encodeMessage(part)) as Page | Lattice);
        const whole = parts.map((part) => receiver.take(part));
        assert.deepEqual(whole.slice(0, -1), new Array(parts.length - 1).fill(undefined));
        assert.deepEqual(whole.at(-1), page);
      });
    }),
    { seed: 1, numRuns: 30 },
  );
});
