import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaveOnlyPage, listTiffPages } from '../../../../models/page-image/tiff-directories.ts';
import { type TiffOptions, tiffBytes } from '../../../support/image-bytes.ts';

const list = (bytes: Uint8Array, directoriesMax = 100) =>
  listTiffPages((offset, length) => bytes.subarray(offset, offset + length), { directoriesMax, name: 'scan.tif' });

test('pages are counted in both byte orders, in TIFF and BigTIFF', () => {
  for (const bigEndian of [false, true]) {
    for (const big of [false, true]) {
      const pages = list(tiffBytes({ pages: 3, width: 20, height: 10, big, bigEndian }));
      assert.deepEqual(
        pages.map(({ directory, widthPx, heightPx }) => [directory, widthPx, heightPx]),
        [0, 1, 2].map((directory) => [directory, 20, 10]),
      );
    }
  }
});

test('thumbnails and masks are no pages', () => {
  const pages = list(tiffBytes({ pages: 4, subfileTypes: [0, 1, 2, 4] }));
  assert.deepEqual(
    pages.map(({ directory }) => directory),
    [0, 2],
  );
});

test('a chain in a circle, one that leaves the file, and one that is too long have their codes', () => {
  assert.throws(() => list(tiffBytes({ pages: 3, last: 'first' })), { code: 'image_corrupt', message: /circle/ });
  assert.throws(() => list(tiffBytes({ pages: 3, last: 'outside' })), { code: 'image_corrupt', message: /ends early/ });
  assert.equal(list(tiffBytes({ pages: 100 })).length, 100);
  assert.throws(() => list(tiffBytes({ pages: 101 })), { code: 'document_too_many_pages' });
});

test('a file cut anywhere is corrupt and nothing else', () => {
  const bytes = tiffBytes({ pages: 2, big: true });
  for (let length = 4; length < bytes.length; length++) {
    assert.throws(() => list(bytes.subarray(0, length)), { code: 'image_corrupt' });
  }
});

test('an offset beyond what a number can hold is the end of the file', () => {
  const bytes = Buffer.from(tiffBytes({ pages: 1, big: true }));
  bytes.fill(0xff, 8, 16);
  assert.throws(() => list(bytes), { code: 'image_corrupt' });
});

test('each page can be left as the only one, one after the other', () => {
  for (const options of [{ big: false }, { big: true, bigEndian: true }] satisfies Partial<TiffOptions>[]) {
    const bytes = tiffBytes({ pages: 3, ...options });
    const pages = list(bytes);
    for (const page of [pages[2]!, pages[0]!, pages[1]!]) {
      leaveOnlyPage(bytes, page);
      assert.deepEqual(
        list(bytes).map(({ offset }) => offset),
        [page.offset],
      );
    }
  }
});
