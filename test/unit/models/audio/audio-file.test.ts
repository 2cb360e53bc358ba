import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { audioFixture } from '../../../../fixtures/audio/fixture-file.ts';
import { SAMPLE, sampleChannels } from '../../../../fixtures/audio/make-audio.ts';
import { pcm16, tone, wavFile } from '../../../../fixtures/audio/synthetic.ts';
import { type AudioOptions, openAudio } from '../../../../models/audio/audio-file.ts';
import type { ByteInput } from '../../../../models/audio/byte-reader.ts';
import { Resampler } from '../../../../models/audio/resample.ts';

const folder = mkdtempSync(join(tmpdir(), 'bytefuse-audio-'));
after(() => rmSync(folder, { recursive: true }));

async function read(input: ByteInput, options: AudioOptions = {}) {
  const source = await openAudio(input, options);
  const parts: number[] = [];
  for await (const part of source.chunks()) for (const sample of part) parts.push(sample);
  return { source, samples: parts };
}

const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(audioFixture(name)));

/** What the encoders were given, at 16 kHz mono. */
const ORIGINAL = original();

function original(): Float32Array {
  const [left, right] = sampleChannels();
  const resampler = new Resampler(SAMPLE.sampleRateHz, 16_000);
  const mono = left.map((value, i) => (value + right[i]!) / 2);
  return Float32Array.from([...resampler.push(mono), ...resampler.end()]);
}

/** Largest correlation over small shifts: encoders and decoders add delays. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let best = 0;
  for (let shift = -40; shift <= 1300; shift++) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = Math.max(0, -shift); i < Math.min(b.length, a.length - shift); i += 13) {
      const [x, y] = [a[i + shift]!, b[i]!];
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    best = Math.max(best, ab / Math.sqrt(aa * bb));
  }
  return best;
}

for (const [name, format, codec, sampleRateHz, channels, seconds, slack, likeness] of [
  ['sample.flac', 'flac', 'flac', 48_000, 2, 0.5, 0, 0.9999],
  ['sample-16k-mono.flac', 'flac', 'flac', 16_000, 1, 1.5, 0, 0.99],
  ['sample.mp3', 'mp3', 'mp3', 48_000, 2, 1.5, 0, 0.99],
  ['sample-22k-mono.mp3', 'mp3', 'mp3', 22_050, 1, 1.5, 0.08, 0.99],
  ['sample-opus.ogg', 'ogg', 'opus', 16_000, 2, 1.5, 0.0001, 0.97],
  ['sample-vorbis.ogg', 'ogg', 'vorbis', 48_000, 2, 1.5, 0, 0.99],
  ['sample-flac.ogg', 'ogg', 'flac', 16_000, 1, 1.5, 0, 0.99],
  ['sample.webm', 'webm', 'opus', 16_000, 2, 1.5, 0.01, 0.97],
  ['sample-live.webm', 'webm', 'opus', 16_000, 2, 1.5, 0.01, 0.97],
  ['sample-ima.wav', 'wav', 'adpcm_ima', 16_000, 1, 1.5, 0.04, 0.99],
  ['sample-alaw.wav', 'wav', 'pcm_alaw', 8000, 1, 1.5, 0, 0.99],
] as const) {
  test(`${name} decodes to the sound that was encoded`, async () => {
    const { source, samples } = await read(audioFixture(name));
    assert.deepEqual(
      [source.format, source.codec, source.sampleRateHz, source.channels],
      [format, codec, sampleRateHz, channels],
    );
    assert.ok(Math.abs(samples.length / 16_000 - seconds) <= slack, `${samples.length / 16_000} s`);
    const found = correlation(samples, ORIGINAL);
    assert.ok(found >= likeness, `correlation ${found}`);
    assert.deepEqual(source.warnings, []);
  });
}

test('a path, bytes, and a stream cut anywhere give the same samples', async () => {
  for (const name of ['sample.flac', 'sample.mp3', 'sample-opus.ogg', 'sample-vorbis.ogg', 'sample.webm']) {
    const bytes = bytesOf(name);
    async function* stream() {
      for (let at = 0; at < bytes.length; at += 977) yield bytes.subarray(at, at + 977);
    }
    const byPath = (await read(audioFixture(name))).samples;
    assert.deepEqual((await read(bytes)).samples, byPath, name);
    assert.deepEqual((await read(stream())).samples, byPath, name);
  }
});

test('content decides, not the name', async () => {
  const path = join(folder, 'music.mp3');
  writeFileSync(path, wavFile({ data: pcm16([tone(440, 16_000, 0.1)]) }));
  assert.equal((await read(path)).source.format, 'wav');
});

test('a file that was cut is refused, or read with a warning where that is allowed', async () => {
  for (const name of [
    'sample.flac',
    'sample.mp3',
    'sample-opus.ogg',
    'sample-vorbis.ogg',
    'sample-flac.ogg',
    'sample.webm',
    'sample-live.webm',
  ]) {
    const bytes = bytesOf(name);
    const cut = bytes.subarray(0, Math.floor(bytes.length * 0.6));
    await assert.rejects(read(cut), { code: 'audio_truncated' }, name);
    const { source, samples } = await read(cut, { allowTruncated: true });
    assert.ok(
      source.warnings.some((warning) => warning.code === 'audio_truncated'),
      name,
    );
    assert.ok(samples.length > 1000 && samples.length < 23_000, `${name}: ${samples.length} samples`);
  }
});

test('an Ogg file whose end can be seen is refused before anything is decoded', async () => {
  const bytes = bytesOf('sample-opus.ogg');
  await assert.rejects(openAudio(bytes.subarray(0, bytes.length - 100)), { code: 'audio_truncated' });
});

test('inputs that are no audio are refused, each with its own code', async () => {
  const text = join(folder, 'text.wav');
  writeFileSync(text, 'This is no audio, whatever its name says.\n'.repeat(100));
  const empty = join(folder, 'empty.wav');
  writeFileSync(empty, '');
  for (const [input, code, message] of [
    [join(folder, 'none.wav'), 'file_not_found', /none\.wav/],
    [folder, 'file_is_directory', /folder/],
    [empty, 'file_empty', /empty\.wav/],
    [text, 'audio_unrecognized', /text, not audio/],
    [new Uint8Array(0), 'file_empty', /no bytes/],
    [Uint8Array.from({ length: 5000 }, (_, i) => (i * 131) & 255), 'audio_unrecognized', /no audio/],
    [bytesOf('sample.flac').subarray(0, 30), 'audio_corrupt', /FLAC header/],
    [bytesOf('sample.m4a').subarray(0, 6000), 'audio_corrupt', /ends early/],
  ] as const) {
    await assert.rejects(read(input), (error: { code: string; message: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(!error.message.includes(folder), 'a message holds no path');
      return true;
    });
  }
});

test('an empty stream is an empty file', async () => {
  async function* nothing(): AsyncGenerator<Uint8Array> {}
  await assert.rejects(read(nothing()), { code: 'file_empty' });
});

test('AAC without ffmpeg says what is missing', async () => {
  for (const name of ['sample.m4a', 'sample-index-first.m4a', 'sample.aac']) {
    await assert.rejects(read(audioFixture(name), { ffmpegPath: 'no-such-ffmpeg' }), { code: 'ffmpeg_missing' });
  }
});

test('the cap counts decoded seconds: at the limit it passes, one sample more fails', async () => {
  const exact = wavFile({ data: pcm16([tone(440, 8000, 1)]), sampleRateHz: 8000 });
  assert.equal((await read(exact, { secondsMax: 1 })).samples.length, 16_000);
  const data = pcm16([tone(440, 8000, 8001 / 8000)]);
  const more = wavFile({ data, sampleRateHz: 8000 });
  await assert.rejects(openAudio(more, { secondsMax: 1 }), { code: 'audio_too_long' });
  const streamed = wavFile({ data, sampleRateHz: 8000, dataBytes: 0xffffffff });
  await assert.rejects(read(streamed, { secondsMax: 1 }), { code: 'audio_too_long' });
});

test('an abort signal stops before and during reading', async () => {
  const bytes = wavFile({ data: pcm16([tone(440, 16_000, 20)]) });
  await assert.rejects(openAudio(bytes, { signal: AbortSignal.abort() }), { code: 'canceled' });
  const abort = new AbortController();
  const source = await openAudio(bytes, { signal: abort.signal });
  await assert.rejects(
    async () => {
      for await (const _ of source.chunks()) abort.abort();
    },
    { code: 'canceled' },
  );
});

test('an abort signal ends the wait for a stream that stalls', async () => {
  const bytes = wavFile({ data: pcm16([tone(440, 16_000, 1)]) });
  const abort = new AbortController();
  async function* stalled(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 10_000);
    setImmediate(() => abort.abort());
    await new Promise(() => {});
  }
  await assert.rejects(read(stalled(), { signal: abort.signal }), { code: 'canceled' });
});

test('a damaged page inside an Ogg file is a loss, and is passed over only where that is allowed', async () => {
  const bytes = bytesOf('sample-opus.ogg');
  bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
  await assert.rejects(read(bytes), { code: 'audio_truncated' });
  const { source, samples } = await read(bytes, { allowTruncated: true });
  assert.deepEqual(
    source.warnings.map((warning) => warning.code),
    ['audio_damaged', 'audio_truncated'],
  );
  assert.ok(samples.length > 16_000 && samples.length < 24_000);
});

test('chunks can be read once, and leaving their loop closes the file', async () => {
  const source = await openAudio(audioFixture('sample.flac'));
  for await (const _ of source.chunks()) break;
  assert.throws(() => source.chunks(), /once/);
  await source.close();
});
