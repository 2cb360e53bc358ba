import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppError } from '../../../../models/core/app-error.ts';
import { buildVocab } from '../../../../models/tokenizer/vocab-builder.ts';
import { decodeVocab, encodeVocab } from '../../../../models/tokenizer/vocab-file.ts';
import { toyTokens } from './toy-vocab.ts';

const arrays = buildVocab(toyTokens(['a', 'b', 'ab']));
const good = encodeVocab(arrays, {
  controls: [{ name: '<bos>', sourceId: 0, role: 'bos' }],
  trim: 64,
  languages: ['en'],
});

function fails(bytes: Uint8Array, says: RegExp): void {
  assert.throws(
    () => decodeVocab(bytes, 'x/vocab.bin'),
    (error: AppError) => error.code === 'model_corrupt' && says.test(error.message) && /vocab\.bin/.test(error.message),
  );
}

test('what was written is read back, from an unaligned place too', () => {
  const shifted = new Uint8Array(good.length + 3);
  shifted.set(good, 3);
  const file = decodeVocab(shifted.subarray(3), 'x');
  assert.deepEqual(file.arrays, arrays);
  assert.equal(file.header.trim, 64);
  assert.deepEqual(file.header.languages, ['en']);
  assert.deepEqual(file.header.controls, [{ name: '<bos>', sourceId: 0, role: 'bos' }]);
});

test('a foreign, newer, cut or changed file is refused with the reason', () => {
  fails(new Uint8Array(4), /has 4 bytes/);
  fails(new TextEncoder().encode('GGUF----------------'), /expected "BFVOCAB1"/);
  const newer = good.slice();
  newer[8] = 9;
  fails(newer, /version 9, expected 1/);
  fails(good.subarray(0, good.length - 8), /SHA-256/);
  const changed = good.slice();
  changed[changed.length - 20]! ^= 1;
  fails(changed, /SHA-256/);
  fails(good.subarray(0, 40), /ends inside its header/);
});
