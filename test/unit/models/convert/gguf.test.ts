import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GgufFile } from '../../../../models/convert/gguf.ts';
import type { AppError } from '../../../../models/core/app-error.ts';
import { f32Tensor, toyGguf } from './toy-gguf.ts';

const dir = mkdtempSync(join(tmpdir(), 'bytefuse-gguf-'));
after(() => rmSync(dir, { recursive: true }));

function put(name: string, bytes: Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
}

const VALUES = Array.from({ length: 128 }, (_, i) => i / 8);
const GOOD = toyGguf(
  { 'general.name': { text: 'Café' }, count: { u32: 7 }, share: { f32: 0.5 }, texts: { texts: ['a', '\u2581b'] } },
  [f32Tensor('norm', [32], VALUES.slice(0, 32)), f32Tensor('matrix', [32, 4], VALUES)],
);

function fails(bytes: Uint8Array, code: string, says: RegExp): void {
  const path = put('bad.gguf', bytes);
  assert.throws(
    () => GgufFile.open(path),
    (error: AppError) => error.code === code && error.message.includes(path) && says.test(error.message),
  );
}

test('metadata and tensors of a good file are read', () => {
  const file = GgufFile.open(put('good.gguf', GOOD));
  assert.equal(file.text('general.name'), 'Café');
  assert.equal(file.number('count'), 7);
  assert.equal(file.number('share'), 0.5);
  assert.deepEqual(file.strings('texts'), ['a', '\u2581b']);
  assert.deepEqual([...file.values('norm', [32])], VALUES.slice(0, 32));
  file.close();
});

test('a matrix comes in 8-bit blocks, its rows in the order asked for', async () => {
  const file = GgufFile.open(put('good.gguf', GOOD));
  const matrix = file.matrix('matrix', { rows: 4, cols: 32 }, Int32Array.of(2, 0));
  const scales: number[] = [];
  for await (const chunk of matrix.scales.chunks()) scales.push(...new Float32Array(chunk.slice().buffer));
  assert.deepEqual(scales, [Math.fround(VALUES[95]! / 127), Math.fround(VALUES[31]! / 127)]);
  const q8: number[] = [];
  for await (const chunk of matrix.q8.chunks()) q8.push(...chunk);
  assert.equal(q8.length, 64);
  assert.ok(Math.abs((q8[0]! - 128) * scales[0]! - VALUES[64]!) <= scales[0]! / 2);
  file.close();
});

test('a file of another format is named with what was found and expected', () => {
  fails(new TextEncoder().encode('PK\u0003\u0004 not a model'), 'model_format', /starts with "PK.*expected "GGUF"/);
});

test('another version is refused, and a big-endian file is recognized', () => {
  const old = GOOD.slice();
  old[4] = 1;
  fails(old, 'model_format', /version 1, expected 2 or 3/);
  const turned = GOOD.slice();
  turned.set([0, 0, 0, 3], 4);
  fails(turned, 'model_format', /big-endian/);
});

test('a file cut anywhere is reported as truncated, never read', () => {
  for (const length of [5, 12, 30, 60, 120, GOOD.length - 200, GOOD.length - 40]) {
    fails(GOOD.subarray(0, length), 'model_corrupt', /truncated/);
  }
});

test('a count that lies drives no allocation', () => {
  const lying = GOOD.slice();
  lying.set([255, 255, 255, 255, 255, 0, 0, 0], 8);
  fails(lying, 'model_corrupt', /the number of tensors, expected at most/);
});

test('a tensor type that is not supported is named', () => {
  const bytes = toyGguf({}, [{ name: 'w', dims: [256], type: 10, bytes: new Uint8Array(84) }]);
  fails(bytes, 'model_format', /"w" as type Q2_K, expected one of F32/);
});

test('rows that are no whole blocks are refused', () => {
  const bytes = toyGguf({}, [{ name: 'w', dims: [48, 2], type: 8, bytes: new Uint8Array(102) }]);
  fails(bytes, 'model_corrupt', /whole Q8_0 blocks of 32/);
});

test('absent files, folders and empty files have their own codes', () => {
  const code = (path: string) => {
    try {
      GgufFile.open(path);
    } catch (error) {
      return (error as AppError).code;
    }
    return 'none';
  };
  assert.equal(code(join(dir, 'absent.gguf')), 'file_not_found');
  assert.equal(code(dir), 'file_is_directory');
  assert.equal(code(put('empty.gguf', new Uint8Array(0))), 'file_empty');
});

test('a tensor that is absent or of other dimensions is named with both', () => {
  const file = GgufFile.open(put('good.gguf', GOOD));
  assert.throws(() => file.values('other', [32]), /no tensor "other"/);
  assert.throws(() => file.values('norm', [16]), /"norm" is \[32\], expected \[16\]/);
  assert.throws(() => file.number('general.name'), /not a number/);
  file.close();
});
