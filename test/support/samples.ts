/** Audio for tests and benches: files as samples, samples as bytes. */
import { openAudio } from '../../models/audio/audio-file.ts';
import { joinedSamples } from '../../models/core/samples.ts';

/** A whole file at 16 kHz, mono. Throws what `openAudio` and its chunks throw. */
export async function readSamples(path: string): Promise<Float32Array> {
  const source = await openAudio(path);
  const chunks: Float32Array[] = [];
  try {
    for await (const chunk of source.chunks()) chunks.push(chunk.slice());
  } finally {
    await source.close();
  }
  return joinedSamples(chunks);
}

/** PCM of 16 bits, little endian; each sample as often as there are channels. */
export function pcm16Bytes(samples: Float32Array, channels = 1): Buffer {
  const bytes = Buffer.alloc(samples.length * channels * 2);
  for (const [i, sample] of samples.entries()) {
    const value = Math.round(32_767 * Math.max(-1, Math.min(1, sample)));
    for (let c = 0; c < channels; c++) bytes.writeInt16LE(value, (i * channels + c) * 2);
  }
  return bytes;
}
