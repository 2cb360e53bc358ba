import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ModelProto } from '../../../../models/convert/onnx-proto.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import { readAlphabet } from '../../../../models/ocr/ocr-alphabet.ts';
import { readOnnxMetadata } from '../../../../models/ocr/onnx-metadata.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-metadata-'));
});
after(() => rm(folder, { recursive: true }));

async function modelFile(name: string, metadata: Record<string, string>): Promise<string> {
  const path = join(folder, name);
  const bytes = ModelProto.encode({
    irVersion: 8,
    producerName: 'test',
    graph: { name: 'g', initializer: [{ name: 'w', rawData: new Uint8Array(5000).fill(0x72) }] },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }).finish();
  await writeFile(path, bytes);
  return path;
}

const corrupt = (pattern: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === 'model_corrupt' && pattern.test(error.message);

test('an entry is found behind the graph, among others', async () => {
  const path = await modelFile('three.onnx', { shape: '1', character: '天\n地', other: 'x'.repeat(300) });
  assert.equal(await readOnnxMetadata(path, 'character', 100), '天\n地');
  assert.equal(await readOnnxMetadata(path, 'absent', 1000), undefined);
});

test('an entry larger than asked for is refused, one of that size is read', async () => {
  const path = await modelFile('large.onnx', { k: 'x'.repeat(93) });
  // Key and value cost 2 bytes each for tag and length.
  assert.equal((await readOnnxMetadata(path, 'k', 98))?.length, 93);
  await assert.rejects(readOnnxMetadata(path, 'k', 97), corrupt(/98 bytes, at most 97/));
});

test('cut files and files of another kind are called corrupt', async () => {
  const whole = await modelFile('whole.onnx', { character: 'abc' });
  const { readFile } = await import('node:fs/promises');
  const bytes = await readFile(whole);
  for (const length of [1, 10, 100, bytes.length - 1]) {
    const path = join(folder, `cut-${length}.onnx`);
    await writeFile(path, bytes.subarray(0, length));
    await assert.rejects(readOnnxMetadata(path, 'character', 100), corrupt(/not an ONNX model/), String(length));
  }
  const text = join(folder, 'text.onnx');
  await writeFile(text, '<svg></svg>');
  await assert.rejects(readOnnxMetadata(text, 'character', 100), corrupt(/not an ONNX model/));
  await assert.rejects(readOnnxMetadata(join(folder, 'none.onnx'), 'k', 1), corrupt(/cannot be read/));
});

test('the alphabet is blank, the characters in order, and the space', async () => {
  const alphabet = await readAlphabet(await modelFile('rec.onnx', { character: 'a\nğ\n漢\n' }));
  assert.equal(alphabet.size, 5);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((id) => alphabet.textOf(id)),
    ['', 'a', 'ğ', '漢', ' '],
  );
  assert.equal(alphabet.bytesOf(0).length, 0);
  assert.deepEqual([...alphabet.bytesOf(2)], [0xc4, 0x9f]);
  assert.throws(() => alphabet.bytesOf(5), RangeError);
  assert.throws(() => alphabet.textOf(-1), RangeError);
});

test('a model without characters, or with an empty one, is refused', async () => {
  await assert.rejects(readAlphabet(await modelFile('bare.onnx', {})), corrupt(/lists no characters/));
  await assert.rejects(readAlphabet(await modelFile('hole.onnx', { character: 'a\n\nb' })), corrupt(/empty character/));
});
