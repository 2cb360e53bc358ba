import assert from 'node:assert/strict';
import test from 'node:test';
import { compressionRatio } from '../../../../models/whisper/compression-ratio.ts';

test('the ratio is that of zlib in the reference', () => {
  // len(text.encode()) / len(zlib.compress(text.encode())) in Python.
  assert.equal(compressionRatio('abc'), 3 / 11);
  assert.equal(compressionRatio('la '.repeat(100)), 300 / 15);
  assert.equal(compressionRatio(''), 0);
});

test('ordinary text stays below 2.4, a loop goes above', () => {
  assert.ok(compressionRatio('And so, my fellow Americans, ask not what your country can do for you.') < 2.4);
  assert.ok(compressionRatio('谢谢大家'.repeat(20)) > 2.4);
});
