import { join } from 'node:path';
import { openAudio } from '../../models/audio/audio-file.ts';
import { PROJECT_ROOT } from './project-files.ts';
import { wavBytes } from './wav-bytes.ts';

/** The speech of fixtures/audio as a WAV file, PCM of 16 bits at 16 kHz: what a browser's fake microphone plays. */
export async function speechWav(): Promise<Buffer> {
  const source = await openAudio(join(PROJECT_ROOT, 'fixtures', 'audio', 'speech-en.ogg'));
  const pieces: Int16Array[] = [];
  try {
    for await (const chunk of source.chunks()) pieces.push(Int16Array.from(chunk, (sample) => sample * 32_767));
  } finally {
    await source.close();
  }
  const data = Buffer.concat(
    pieces.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
  return wavBytes({ data });
}
