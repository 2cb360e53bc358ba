import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_OBJECTS_MAX, TEXT_LAYER_CHARS_MAX } from '../../../../services/intake/limits.ts';
import { extractTextLayer, imageBoxes, PageFrame } from '../../../../services/intake/pdf-text-layer.ts';
import type { PdfiumCalls } from '../../../../services/intake/pdfium-module.ts';

/** PDFium of which only these calls say something. */
function toyCalls(calls: Partial<PdfiumCalls>): PdfiumCalls {
  const heap = new ArrayBuffer(64);
  const heaps = { HEAP32: new Int32Array(heap), HEAPF32: new Float32Array(heap), HEAPF64: new Float64Array(heap) };
  return new Proxy({ ...heaps, ...calls } as PdfiumCalls, {
    get: (known, name) => known[name as keyof PdfiumCalls] ?? (() => 0),
  });
}

test('objects of a page that are searched for images: the n-th is found, the next is not', () => {
  const images = (imageAt: number): number => {
    const calls = toyCalls({
      _FPDFPage_CountObjects: () => PAGE_OBJECTS_MAX + 1,
      _FPDFPage_GetObject: (_, index) => index + 1,
      // 3: an image; 1: text.
      _FPDFPageObj_GetType: (object) => (object === imageAt ? 3 : 1),
      _FPDFPageObj_GetMatrix: () => 1,
    });
    return imageBoxes(calls, 1, new PageFrame(calls, 1, 10, 10)).length;
  };
  assert.deepEqual([images(PAGE_OBJECTS_MAX), images(PAGE_OBJECTS_MAX + 1)], [1, 0]);
});

test('objects inside of forms count like those of the page', () => {
  const images = (imageAt: number): number => {
    const calls = toyCalls({
      _FPDFPage_CountObjects: () => 1,
      _FPDFPage_GetObject: () => 1,
      _FPDFFormObj_CountObjects: () => PAGE_OBJECTS_MAX,
      _FPDFFormObj_GetObject: (_, index) => index + 2,
      // 5: a form.
      _FPDFPageObj_GetType: (object) => (object === 1 ? 5 : object === imageAt ? 3 : 1),
      _FPDFPageObj_GetMatrix: () => 1,
    });
    return imageBoxes(calls, 1, new PageFrame(calls, 1, 10, 10)).length;
  };
  assert.deepEqual([images(PAGE_OBJECTS_MAX), images(PAGE_OBJECTS_MAX + 1)], [1, 0]);
});

test('characters of a text layer: n are all there, of n + 1 the last is left out', () => {
  const layer = (count: number) => {
    const calls = toyCalls({
      _FPDFText_LoadPage: () => 1,
      _FPDFText_CountChars: () => count,
      _FPDFText_GetUnicode: (_, index) => (index === count - 1 ? 0x7a : 0x61),
    });
    const { codes } = extractTextLayer(calls, 1, new PageFrame(calls, 1, 10, 10), 200);
    return [codes.length, String.fromCodePoint(codes.at(-1)!)];
  };
  assert.deepEqual(layer(TEXT_LAYER_CHARS_MAX), [TEXT_LAYER_CHARS_MAX, 'z']);
  assert.deepEqual(layer(TEXT_LAYER_CHARS_MAX + 1), [TEXT_LAYER_CHARS_MAX, 'a']);
});
