import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { audioFixture } from '../../fixtures/audio/fixture-file.ts';
import { type AudioOptions, openAudio } from '../../models/audio/audio-file.ts';
import type { ByteInput } from '../../models/audio/byte-reader.ts';

const skip = spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'there is no ffmpeg on PATH';

async function read(input: ByteInput, options: AudioOptions = {}) {
  const source = await openAudio(input, options);
  const samples: number[] = [];
  for await (const part of source.chunks()) samples.push(...part);
  return { source, samples };
}

const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(audioFixture(name)));

test('M4A decodes with its index at the end and at the start, to the same samples', { skip }, async () => {
  const last = await read(audioFixture('sample.m4a'));
  assert.deepEqual([last.source.format, last.source.sampleRateHz, last.source.channels], ['m4a', 48_000, 2]);
  assert.ok(Math.abs(last.samples.length / 16_000 - 1.5) < 0.05);
  assert.deepEqual((await read(audioFixture('sample-index-first.m4a'))).samples, last.samples);
});

test('ADTS AAC decodes', { skip }, async () => {
  const { source, samples } = await read(audioFixture('sample.aac'));
  assert.equal(source.format, 'aac');
  assert.ok(Math.abs(samples.length / 16_000 - 1.5) < 0.05);
});

test('a cut M4A is refused, or read as far as it goes', { skip }, async () => {
  const bytes = bytesOf('sample-index-first.m4a');
  const cut = bytes.subarray(0, bytes.length - 4000);
  await assert.rejects(read(cut), { code: 'audio_truncated' });
  const { source, samples } = await read(cut, { allowTruncated: true });
  assert.ok(samples.length > 1000 && samples.length < 20_000);
  assert.equal(source.warnings[0]?.code, 'audio_truncated');
});

test('damage that ffmpeg cannot decode is an error with a code', { skip }, async () => {
  const bytes = bytesOf('sample-index-first.m4a');
  const index = Buffer.from(bytes).indexOf('moov');
  bytes.fill(0x55, index + 120, index + 900);
  await assert.rejects(read(bytes), { code: 'audio_corrupt' });
});

test('an abort ends ffmpeg', { skip }, async () => {
  const abort = new AbortController();
  const source = await openAudio(audioFixture('sample.m4a'), { signal: abort.signal });
  await assert.rejects(
    async () => {
      for await (const _ of source.chunks()) abort.abort();
    },
    { code: 'canceled' },
  );
});
