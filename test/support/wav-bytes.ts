/** WAV files by the byte, honest or not. */

export interface WavSpec {
  readonly channels?: number;
  readonly rateHz?: number;
  readonly bits?: number;
  /** 1 PCM, 3 float, others as registered. */
  readonly tag?: number;
  /** What the data chunk says of its length; its true length by default. */
  readonly declaredBytes?: number;
  readonly data?: Uint8Array;
}

export function wavBytes(spec: WavSpec = {}): Buffer {
  const { channels = 1, rateHz = 16_000, bits = 16, tag = 1, data = new Uint8Array(0) } = spec;
  const declaredBytes = spec.declaredBytes ?? data.length;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE((36 + declaredBytes) >>> 0, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(tag, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rateHz, 24);
  const frameBytes = Math.ceil((channels * bits) / 8);
  header.writeUInt32LE((rateHz * frameBytes) >>> 0, 28);
  header.writeUInt16LE(frameBytes, 32);
  header.writeUInt16LE(bits, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(declaredBytes >>> 0, 40);
  return Buffer.concat([header, data]);
}

/** A tone, so that nothing takes the file for silence. */
export function toneBytes(seconds: number, rateHz = 16_000): Uint8Array {
  const samples = new Int16Array(Math.round(seconds * rateHz));
  for (let i = 0; i < samples.length; i++) samples[i] = 8000 * Math.sin((2 * Math.PI * 440 * i) / rateHz);
  return new Uint8Array(samples.buffer);
}
