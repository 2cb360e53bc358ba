import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { chunk, joinBytes, noise, pcm16, tone, wavFile } from '../../../../fixtures/audio/synthetic.ts';
import { type AudioOptions, openAudio } from '../../../../models/audio/audio-file.ts';
import type { AppError } from '../../../../models/core/app-error.ts';

const { WaveFile } = createRequire(import.meta.url)('wavefile') as typeof import('wavefile');

async function read(bytes: Uint8Array | AsyncIterable<Uint8Array>, options: AudioOptions = {}) {
  const source = await openAudio(bytes, options);
  const samples: number[] = [];
  for await (const part of source.chunks()) samples.push(...part);
  return { source, samples };
}

const rejects = (bytes: Uint8Array, code: string, message?: RegExp) =>
  assert.rejects(read(bytes), (error: AppError) => {
    assert.equal(error.code, code, error.message);
    if (message) assert.match(error.message, message);
    return true;
  });

const SOUND = noise(3, 400);

for (const [depth, scale, offset] of [
  ['8', 128, 128],
  ['16', 32_768, 0],
  ['24', 8_388_608, 0],
  ['32', 2_147_483_648, 0],
  ['32f', 1, 0],
  ['64', 1, 0],
] as const) {
  for (const container of ['RIFF', 'RIFX', 'RF64']) {
    test(`${container} with ${depth}-bit samples reads as wavefile reads it`, async () => {
      const wav = new WaveFile();
      const values = Float64Array.from(SOUND, (value) =>
        scale === 1 ? value : Math.round(value * (scale - 1)) + offset,
      );
      wav.fromScratch(1, 16_000, depth, values, { container });
      const { source, samples } = await read(wav.toBuffer());
      assert.equal(source.format, 'wav');
      assert.equal(source.declaredSeconds, 400 / 16_000);
      const want = Array.from(wav.getSamples(true), (value) => Math.fround((value - offset) / scale));
      assert.deepEqual(samples, want);
    });
  }
}

for (const law of ['A', 'Mu'] as const) {
  test(`${law}-law reads as wavefile expands it`, async () => {
    const wav = new WaveFile();
    wav.fromScratch(
      1,
      16_000,
      '16',
      Int16Array.from(SOUND, (value) => value * 32_000),
    );
    wav[`to${law}Law`]();
    const { source, samples } = await read(wav.toBuffer());
    assert.equal(source.codec, law === 'A' ? 'pcm_alaw' : 'pcm_mulaw');
    wav[`from${law}Law`]();
    assert.deepEqual(
      samples,
      Array.from(wav.getSamples(true), (value) => Math.fround(value / 32_768)),
    );
  });
}

test('channels are mixed by their mean', async () => {
  const left = noise(1, 100, 0.4);
  const right = noise(2, 100, 0.4);
  const { source, samples } = await read(wavFile({ data: pcm16([left, right]), channels: 2 }));
  assert.equal(source.channels, 2);
  for (let i = 0; i < 100; i++) assert.ok(Math.abs(samples[i]! - (left[i]! + right[i]!) / 2) < 1 / 32_768);
});

test('an extensible header is read by its subformat', async () => {
  const tail = new Uint8Array(24);
  new DataView(tail.buffer).setUint16(0, 22, true);
  tail.set([3, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113], 8);
  const data = new Uint8Array(SOUND.buffer.slice(0));
  const { source, samples } = await read(wavFile({ data, audioFormat: 65_534, bits: 32, fmtTail: tail }));
  assert.equal(source.codec, 'pcm_f32');
  assert.deepEqual(samples, [...SOUND]);
});

test('12-bit samples sit left-aligned in 16', async () => {
  const { samples } = await read(wavFile({ data: pcm16([SOUND]), bits: 12 }));
  assert.deepEqual(samples, (await read(wavFile({ data: pcm16([SOUND]) }))).samples);
});

test('chunks before and after the samples are passed over, odd lengths with their padding', async () => {
  const list = joinBytes([chunk('LIST', new Uint8Array(5)), new Uint8Array(1)]);
  const { source, samples } = await read(wavFile({ data: pcm16([SOUND]), before: list, after: list }));
  assert.equal(samples.length, 400);
  assert.deepEqual(source.warnings, []);
});

for (const [dataBytes, riffBytes] of [
  [0, 0],
  [0, 36],
  [0xffffffff, 0xffffffff],
  [0xffffffff - 36, 0xffffffff],
  [0x7ffff000, 0x7ffff024],
] as const) {
  test(`a streamed header (data length ${dataBytes}, RIFF length ${riffBytes}) is read to the end`, async () => {
    const { source, samples } = await read(wavFile({ data: pcm16([SOUND]), dataBytes, riffBytes }));
    assert.equal(source.declaredSeconds, null);
    assert.equal(samples.length, 400);
  });
}

test('a header that promises more than the file holds is a truncation, at once, with both lengths', async () => {
  const bytes = wavFile({ data: pcm16([tone(440, 16_000, 1)]), dataBytes: 64_000 });
  await assert.rejects(openAudio(bytes), (error: AppError) => {
    assert.equal(error.code, 'audio_truncated');
    assert.match(error.message, /2\.00 s.*1\.00 s/);
    return true;
  });
});

test('a truncated file is read as far as it goes where that is allowed, with a warning', async () => {
  const bytes = wavFile({ data: pcm16([SOUND]), dataBytes: 64_000 });
  const { source, samples } = await read(bytes, { allowTruncated: true });
  assert.equal(samples.length, 400);
  assert.deepEqual(
    source.warnings.map((warning) => warning.code),
    ['audio_truncated'],
  );
});

test('a truncated stream, whose length nobody knows beforehand, is found at its end', async () => {
  const bytes = wavFile({ data: pcm16([SOUND]), dataBytes: 64_000 });
  async function* stream() {
    yield bytes.subarray(0, 30);
    yield bytes.subarray(30);
  }
  await assert.rejects(read(stream()), { code: 'audio_truncated' });
});

test('a header that promises less than there is brings a warning', async () => {
  const { source, samples } = await read(wavFile({ data: pcm16([SOUND]), dataBytes: 400 }));
  assert.equal(samples.length, 200);
  assert.deepEqual(
    source.warnings.map((warning) => warning.code),
    ['audio_extra_bytes'],
  );
});

test('impossible headers are refused', async () => {
  const data = pcm16([SOUND]);
  await rejects(wavFile({ data, channels: 0, blockAlign: 2 }), 'audio_corrupt', /0 channels/);
  await rejects(wavFile({ data, channels: 65_535, blockAlign: 2 }), 'audio_corrupt', /65535 channels/);
  await rejects(wavFile({ data, sampleRateHz: 0 }), 'audio_corrupt', /0 Hz/);
  await rejects(wavFile({ data, sampleRateHz: 4_000_000_000 }), 'audio_corrupt', /4000000000 Hz/);
  await rejects(wavFile({ data, bits: 1 }), 'audio_unsupported', /1 bits/);
  await rejects(wavFile({ data, bits: 0 }), 'audio_unsupported');
  await rejects(wavFile({ data, audioFormat: 0x55 }), 'audio_unsupported', /format 85/);
  await rejects(wavFile({ data, audioFormat: 17, bits: 4, blockAlign: 0 }), 'audio_unsupported');
  await rejects(wavFile({ data: new Uint8Array(0) }), 'audio_empty');
  await rejects(wavFile({ data: new Uint8Array(1) }), 'audio_empty');
  await rejects(wavFile({ data }).subarray(0, 30), 'audio_corrupt', /header/);
  await rejects(chunk('RIFF', new TextEncoder().encode('WAVEfact\0\0\0\0')), 'audio_corrupt');
});

test('samples that are no numbers are refused with their place', async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e30]) {
    const data = new Float32Array(SOUND);
    data[123] = bad;
    await rejects(
      wavFile({ data: new Uint8Array(data.buffer), audioFormat: 3, bits: 32 }),
      'audio_corrupt',
      /sample 123 /,
    );
  }
});
