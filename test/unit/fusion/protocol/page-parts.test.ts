import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_PIXELS_MAX } from '../../../../fusion/protocol/limits.ts';
import type { Image, Lattice, Page } from '../../../../fusion/protocol/messages.ts';
import { PageReceiver, RasterReceiver } from '../../../../fusion/protocol/page-parts.ts';
import { AppError } from '../../../../models/core/app-error.ts';

const IMAGE: Image = { type: 'image', stream: 1, page: 0, widthPx: 2, heightPx: 1, first: 0, rgb: new Uint8Array(3) };
const HEAD: Page['page'] = {
  index: 0,
  widthPx: 2,
  heightPx: 1,
  turnedDegrees: 0,
  skewDegrees: 0,
  warnings: [],
  timings: { detectMs: 0, orientMs: 0, recognizeMs: 0 },
};
const PAGE: Page = {
  type: 'page',
  stream: 1,
  page: HEAD,
  lines: [
    {
      index: 0,
      quad: [0, 0, 2, 0, 2, 1, 0, 1],
      direction: 'horizontal',
      detectionScore: 1,
      frameShare: 0.5,
      frames: 2,
    },
  ],
};
const LATTICE: Lattice = {
  type: 'lattice',
  stream: 1,
  page: 0,
  line: 0,
  first: 0,
  frames: 1,
  width: 1,
  blank: 0,
  ids: Int32Array.of(4),
  logProbs: Float32Array.of(-1),
};

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'protocol_error', String(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

const BAD_IMAGES: readonly (readonly [string, readonly Image[], RegExp])[] = [
  ['a page out of turn', [{ ...IMAGE, page: 1 }], /page: expected 0/],
  ['a part that begins too late', [IMAGE, { ...IMAGE, first: 4 }], /first: expected 3/],
  ['a part that runs beyond the page', [{ ...IMAGE, rgb: new Uint8Array(7) }], /rgb: expected at most 6/],
  ['a page that changes its size', [IMAGE, { ...IMAGE, first: 3, widthPx: 3 }], /widthPx: expected 2/],
];

for (const [what, parts, named] of BAD_IMAGES) {
  test(`pixels refused: ${what}`, () => {
    const receiver = new RasterReceiver();
    for (const part of parts.slice(0, -1)) receiver.take(part);
    assert.match(
      refusal(() => receiver.take(parts.at(-1)!)),
      named,
    );
  });
}

test('the largest page is taken, one row more is refused before anything is allocated', () => {
  const widthPx = 8192;
  const heightPx = PAGE_PIXELS_MAX / widthPx;
  assert.equal(new RasterReceiver().take({ ...IMAGE, widthPx, heightPx }), undefined);
  assert.match(
    refusal(() => new RasterReceiver().take({ ...IMAGE, widthPx, heightPx: heightPx + 1 })),
    /at most 67108864 pixels/,
  );
});

const BAD_PAGES: readonly (readonly [string, readonly (Page | Lattice)[], RegExp])[] = [
  ['a lattice without its page', [LATTICE], /lattice without its page/],
  ['a page before the last one’s end', [PAGE, PAGE], /page before the last one/],
  ['a page out of turn', [{ ...PAGE, page: { ...HEAD, index: 3 } }], /page\.index: expected 0/],
  ['lines out of order', [{ ...PAGE, lines: [{ ...PAGE.lines[0]!, index: 1 }] }], /lines\[0\]\.index: expected 0/],
  ['a lattice of another line', [PAGE, { ...LATTICE, line: 1 }], /line: expected 0/],
  ['frames that skip some', [PAGE, { ...LATTICE, first: 1 }], /first: expected 0/],
  [
    'more frames than announced',
    [PAGE, { ...LATTICE, frames: 3, ids: new Int32Array(3), logProbs: new Float32Array(3) }],
    /frames: expected at most 2/,
  ],
  ['another width in the middle', [PAGE, LATTICE, { ...LATTICE, first: 1, width: 2 }], /width: expected 1/],
  ['another blank in the middle', [PAGE, LATTICE, { ...LATTICE, first: 1, blank: 9 }], /blank: expected 0/],
  ['a token outside the alphabet', [PAGE, { ...LATTICE, ids: Int32Array.of(10) }], /ids\[0\]: expected a token of 10/],
];

for (const [what, parts, named] of BAD_PAGES) {
  test(`lattices refused: ${what}`, () => {
    const receiver = new PageReceiver(10);
    for (const part of parts.slice(0, -1)) assert.equal(receiver.take(part), undefined);
    assert.match(
      refusal(() => receiver.take(parts.at(-1)!)),
      named,
    );
  });
}

test('a page without lines is whole at once', () => {
  const page = new PageReceiver(10).take({ ...PAGE, lines: [] });
  assert.deepEqual(page, { ...HEAD, lines: [] });
});
