import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CTranslate2File, toFloats } from '../../../../models/convert/ctranslate2.ts';
import { AppError, type ErrorCode } from '../../../../models/core/app-error.ts';
import { ctranslate2Bytes, floats, scalar, u32 } from '../../../support/ctranslate2-writer.ts';

const MATRIX = floats('a/weight', [2, 3], Float32Array.of(1, -2, 3, 4, 5, 6));
const GOOD = { variables: [MATRIX, scalar('a/num_heads', 8)], aliases: [['b/weight', 'a/weight'] as const] };

describe('CTranslate2File', () => {
  let dir: string;
  let path: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bytefuse-ct2-'));
    path = join(dir, 'model.bin');
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const opened = async <T>(bytes: Uint8Array, use: (file: CTranslate2File) => Promise<T>): Promise<T> => {
    await writeFile(path, bytes);
    const file = await CTranslate2File.open(path);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  };
  const rejects = async (bytes: Uint8Array, code: ErrorCode, message: RegExp): Promise<void> => {
    await assert.rejects(
      opened(bytes, async () => undefined),
      (error) => {
        assert(error instanceof AppError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        assert(error.message.includes(path), `the message names the file: ${error.message}`);
        return true;
      },
    );
  };

  it('reads variables, aliases and scalars by name', async () => {
    await opened(ctranslate2Bytes(GOOD), async (file) => {
      assert.deepEqual([...file.names()], ['a/weight', 'a/num_heads', 'b/weight']);
      assert.deepEqual([...(await file.floats('b/weight'))], [1, -2, 3, 4, 5, 6]);
      assert.equal(await file.integer('a/num_heads'), 8);
    });
  });

  it('gives any range of rows, scaled where the matrix is of integers', async () => {
    const stored = { name: 'w', dims: [3, 2], type: 1, data: Uint8Array.of(10, 246, 20, 0, 100, 50) };
    const scales = floats('w_scale', [3], Float32Array.of(10, 2, 100));
    await opened(ctranslate2Bytes({ variables: [stored, scales] }), async (file) => {
      const rows: number[] = [];
      for await (const chunk of file.rows('w', 0, 3)) rows.push(...chunk);
      assert.deepEqual(rows, [1, -1, 10, 0, 1, 0.5].map(Math.fround));
      const last: number[] = [];
      for await (const chunk of file.rows('w', 2, 1)) last.push(...chunk);
      assert.deepEqual(last, [1, 0.5].map(Math.fround));
    });
  });

  it('reads a matrix larger than a chunk row by row', async () => {
    const values = Float32Array.from({ length: 700 * 1000 }, (_, i) => i);
    await opened(ctranslate2Bytes({ variables: [floats('w', [700, 1000], values)] }), async (file) => {
      let chunks = 0;
      let next = 1000;
      for await (const chunk of file.rows('w', 1, 699)) {
        assert.equal(chunk.length % 1000, 0, 'chunks are whole rows');
        for (const value of chunk) if (value !== next++) assert.fail(`found ${value}, expected ${next - 1}`);
        chunks++;
      }
      assert.equal(next, 700_000);
      assert(chunks > 1);
    });
  });

  it('rejects a foreign file, naming what was found', async () => {
    await rejects(Buffer.from('PK\x03\x04 a zip archive'), 'model_format', /504b0304.*expected binary version 6/);
    await rejects(Buffer.from('GGUF\x03\0\0\0'), 'model_format', /47475546/);
    await rejects(Buffer.from('hi'), 'model_corrupt', /truncated/);
    await rejects(ctranslate2Bytes({ ...GOOD, version: 5 }), 'model_format', /05000000/);
    await rejects(ctranslate2Bytes({ ...GOOD, spec: 'TransformerSpec' }), 'model_format', /TransformerSpec/);
    await rejects(ctranslate2Bytes({ ...GOOD, revision: 2 }), 'model_format', /revision 2, expected .*revision 3/);
  });

  it('rejects a missing file, a folder and an empty file, each with its code', async () => {
    await assert.rejects(CTranslate2File.open(join(dir, 'absent.bin')), { code: 'file_not_found' });
    await mkdir(join(dir, 'folder'), { recursive: true });
    await assert.rejects(CTranslate2File.open(join(dir, 'folder')), { code: 'file_is_directory' });
    await rejects(new Uint8Array(), 'file_empty', /empty/);
  });

  it('rejects a file that is cut anywhere', async () => {
    const whole = ctranslate2Bytes(GOOD);
    for (let length = 1; length < whole.length; length++) {
      await rejects(whole.subarray(0, length), 'model_corrupt', /truncated/);
    }
  });

  it('rejects sizes that lie, before it believes them', async () => {
    const variables = [{ ...MATRIX, dims: [2, 4] }];
    await rejects(ctranslate2Bytes({ variables }), 'model_corrupt', /found 24 bytes, expected 32 for \[2, 4\] of f32/);
    const huge = [{ ...MATRIX, dims: [0xffffffff, 0xffffffff, 0xffffffff] }];
    await rejects(ctranslate2Bytes({ variables: huge }), 'model_corrupt', /found 24 bytes/);
    await rejects(ctranslate2Bytes({ ...GOOD, count: 0xffffffff }), 'model_corrupt', /4294967295 variables/);
    await rejects(ctranslate2Bytes({ ...GOOD, count: 1 }), 'model_corrupt', /./);
    await rejects(ctranslate2Bytes({ ...GOOD, tail: Uint8Array.of(1, 2, 3) }), 'model_corrupt', /3 bytes after/);
    const whole = ctranslate2Bytes({ variables: [{ ...MATRIX, dims: [0x10000000, 3] }] });
    whole.set(u32(0xc0000000), whole.length - 24 - 4 - 4);
    await rejects(whole, 'model_corrupt', /expected 3221225472|truncated/);
  });

  it('rejects unknown types, doubled names, names without an end and aliases of nothing', async () => {
    await rejects(ctranslate2Bytes({ variables: [{ ...MATRIX, type: 6 }] }), 'model_format', /type 6, expected 0 to 5/);
    await rejects(ctranslate2Bytes({ variables: [MATRIX, MATRIX] }), 'model_corrupt', /there twice/);
    const lost = { variables: [MATRIX], aliases: [['x', 'y'] as const] };
    await rejects(ctranslate2Bytes(lost), 'model_corrupt', /alias "x" stands for "y"/);
    const noEnd = ctranslate2Bytes(GOOD);
    noEnd[6 + 'WhisperSpec'.length] = 65;
    await rejects(noEnd, 'model_corrupt', /does not end in NUL/);
    const deep = { ...MATRIX, dims: Array.from({ length: 9 }, () => 1) };
    await rejects(ctranslate2Bytes({ variables: [deep] }), 'model_corrupt', /9 dimensions/);
  });

  it('names what a variable should have been', async () => {
    const odd = { name: 'w', dims: [3, 2], type: 1, data: new Uint8Array(6) };
    const bad = floats('w_scale', [2], Float32Array.of(1, 1));
    const zero = floats('v_scale', [3], Float32Array.of(1, 0, 1));
    await opened(ctranslate2Bytes({ variables: [MATRIX, odd, bad, { ...odd, name: 'v' }, zero] }), async (file) => {
      assert.throws(() => file.variable('c'), { code: 'model_format', message: /no variable c/ });
      const expected = { code: 'model_corrupt', message: /found \[2, 3\], expected \[3, 2\]/ };
      assert.throws(() => file.shaped('a/weight', [3, 2]), expected);
      await assert.rejects(file.integer('a/weight'), { code: 'model_corrupt' });
      await assert.rejects(file.rowScales('w'), { code: 'model_corrupt', message: /found 2, expected 3 or 1/ });
      await assert.rejects(file.rowScales('v'), { code: 'model_corrupt', message: /not a positive number/ });
    });
  });
});

describe('toFloats', () => {
  const one = (bytes: number[], type: 'f16' | 'bf16' | 'i16' | 'f32'): number => {
    const out = new Float32Array(1);
    toFloats(Uint8Array.from(bytes), type, out);
    return out[0]!;
  };

  it('reads half precision: ordinary, subnormal, negative and infinite', () => {
    assert.equal(one([0x00, 0x3c], 'f16'), 1);
    assert.equal(one([0x00, 0xc0], 'f16'), -2);
    assert.equal(one([0x01, 0x00], 'f16'), 2 ** -24);
    assert.equal(one([0xff, 0x7b], 'f16'), 65504);
    assert.equal(one([0x00, 0x7c], 'f16'), Number.POSITIVE_INFINITY);
    assert(Number.isNaN(one([0x01, 0x7c], 'f16')));
  });

  it('reads bfloat16, 16-bit integers and f32', () => {
    assert.equal(one([0x80, 0x3f], 'bf16'), 1);
    assert.equal(one([0x80, 0xbf], 'bf16'), -1);
    assert.equal(one([0xfe, 0xff], 'i16'), -2);
    assert.equal(one([0, 0, 0x20, 0x41], 'f32'), 10);
  });
});
