import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { repeatableAudio } from '../../../../services/app/repeatable-input.ts';
import { toneBytes, wavBytes } from '../../../support/wav-bytes.ts';

async function samplesOf(audio: AsyncIterable<Float32Array>): Promise<number[]> {
  const samples: number[] = [];
  for await (const chunk of audio) samples.push(...chunk);
  return samples;
}

test('a file and its bytes can be had again as often as needed, and are known to be the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-'));
  try {
    const bytes = wavBytes({ data: toneBytes(0.1) });
    const path = join(folder, 'tone.wav');
    await writeFile(path, bytes);
    const [file, memory] = [repeatableAudio(path, {})!, repeatableAudio(bytes, {})!];
    const first = await samplesOf(file.again());
    assert.equal(first.length, 1600);
    assert.deepEqual(await samplesOf(file.again()), first);
    assert.deepEqual(await samplesOf(memory.again()), first);
    assert.equal(await file.identity(), await memory.identity());
    const other = repeatableAudio(wavBytes({ data: toneBytes(0.2) }), {})!;
    assert.notEqual(await other.identity(), await memory.identity());
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('decoded samples can be had again, also where they are a part of a larger buffer', async () => {
  const samples = Float32Array.of(9, 0.5, -0.5, 9).subarray(1, 3);
  const audio = repeatableAudio({ samples }, {})!;
  assert.deepEqual(await samplesOf(audio.again()), [0.5, -0.5]);
  assert.equal(await audio.identity(), await repeatableAudio({ samples: Float32Array.of(0.5, -0.5) }, {})!.identity());
});

test('streams are used up by one reading', () => {
  async function* nothing() {}
  assert.equal(repeatableAudio(nothing(), {}), undefined);
  assert.equal(repeatableAudio({ samples: nothing() }, {}), undefined);
});
