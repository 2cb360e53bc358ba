import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onBackground } from '../../../../models/page-image/background.ts';

const CLEAR = [9, 9, 9, 0];
const picture = (...pixels: readonly (readonly number[])[]) => [...onBackground(Uint8Array.from(pixels.flat()))];
const WHITE = [255, 255, 255];
const BLACK = [0, 0, 0];

test('dark text with nothing behind it stands on white, light text on black', () => {
  assert.deepEqual(picture([0, 0, 0, 255], CLEAR, CLEAR), [...BLACK, ...WHITE, ...WHITE]);
  assert.deepEqual(picture([255, 255, 255, 255], CLEAR, CLEAR), [...WHITE, ...BLACK, ...BLACK]);
  assert.deepEqual(picture([250, 230, 10, 255], CLEAR, CLEAR), [250, 230, 10, ...BLACK, ...BLACK]);
});

test('a white page with a transparent corner stays on white', () => {
  assert.deepEqual(picture([255, 255, 255, 255], [255, 255, 255, 255], CLEAR), [...WHITE, ...WHITE, ...WHITE]);
});

test('half transparent edges are mixed; nothing visible is a white page', () => {
  assert.deepEqual(picture([0, 0, 0, 127], CLEAR), [128, 128, 128, ...WHITE]);
  assert.deepEqual(picture(CLEAR, CLEAR), [...WHITE, ...WHITE]);
  assert.deepEqual(picture(), []);
});
