import { createRequire } from 'node:module';
import { joinedSamples } from '../core/samples.ts';
import { ImaAdpcmBlock } from './ima-adpcm.ts';

// wavefile is a CommonJS bundle; its type declarations use `export =` over a namespace.
const { WaveFile } = createRequire(import.meta.url)('wavefile') as typeof import('wavefile');

/** The `fmt ` chunk, as wavefile reads it. */
export interface WavHeader {
  /** 1 PCM, 3 float, 6 A-law, 7 mu-law, 17 IMA ADPCM, 65534 extensible; others have no decoder here. */
  readonly audioFormat: number;
  readonly numChannels: number;
  readonly sampleRate: number;
  readonly blockAlign: number;
  readonly bitsPerSample: number;
  /** First word of the extensible subformat (the real audioFormat); 0 elsewhere. */
  readonly subformat: number;
}

export const WAV_PCM = 1;
export const WAV_FLOAT = 3;
export const WAV_ALAW = 6;
export const WAV_MULAW = 7;
export const WAV_IMA_ADPCM = 17;
export const WAV_EXTENSIBLE = 65_534;

/** Parses a header whose data chunk is empty. `chunks`: whole `fmt ` and `fact` chunks, with id and size. */
export function parseWavHeader(container: 'RIFF' | 'RIFX', chunks: Uint8Array): WavHeader {
  const wav = new WaveFile();
  wav.fromBuffer(wavBytes(container, chunks, new Uint8Array(0)));
  const fmt = wav.fmt as WavHeader & { subformat?: number[] };
  return {
    audioFormat: fmt.audioFormat,
    numChannels: fmt.numChannels,
    sampleRate: fmt.sampleRate,
    blockAlign: fmt.blockAlign,
    bitsPerSample: fmt.bitsPerSample,
    subformat: fmt.audioFormat === WAV_EXTENSIBLE ? (fmt.subformat?.[0] ?? 0) & 0xffff : 0,
  };
}

/** Turns whole frames (or, for ADPCM, whole blocks) of interleaved samples into mono. */
export interface WavDecoder {
  readonly codec: string;
  /** Bytes that decode as one piece. */
  readonly unitBytes: number;
  /** Frames in one unit. */
  readonly unitFrames: number;
  /** `bytes` is a whole number of units; ADPCM also takes a shorter last one. */
  decode(bytes: Uint8Array): Float32Array;
}

/**
 * Decoder for a sample type, or null where there is none. Integer and float samples are read through a DataView (20
 * times faster than wavefile's getSamples, to which a test holds them); the A-law and mu-law tables are wavefile's;
 * IMA ADPCM is ours, since wavefile's drops the last block and repeats a sample in each.
 */
export function wavDecoder(format: number, bits: number, channels: number, blockAlign: number, littleEndian: boolean) {
  if (format === WAV_IMA_ADPCM) return imaDecoder(channels, blockAlign);
  const type = sampleType(format, bits, littleEndian);
  if (!type) return null;
  const unitBytes = type.bytes * channels;
  const decoder: WavDecoder = {
    codec: type.codec,
    unitBytes,
    unitFrames: 1,
    decode(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const frames = Math.floor(bytes.length / unitBytes);
      const mono = new Float32Array(frames);
      for (let i = 0, offset = 0; i < frames; i++) {
        let sum = 0;
        for (let c = 0; c < channels; c++, offset += type.bytes) sum += type.read(view, offset);
        mono[i] = sum / channels;
      }
      return mono;
    },
  };
  return decoder;
}

interface SampleType {
  readonly codec: string;
  readonly bytes: number;
  /** Sample at a byte offset, -1..1. */
  read(view: DataView, offset: number): number;
}

function sampleType(format: number, bits: number, littleEndian: boolean): SampleType | null {
  if (format === WAV_FLOAT && bits === 32) {
    return { codec: 'pcm_f32', bytes: 4, read: (view, offset) => view.getFloat32(offset, littleEndian) };
  }
  if (format === WAV_FLOAT && bits === 64) {
    return { codec: 'pcm_f64', bytes: 8, read: (view, offset) => view.getFloat64(offset, littleEndian) };
  }
  if (format === WAV_ALAW && bits === 8) return lawType('pcm_alaw', WAV_ALAW);
  if (format === WAV_MULAW && bits === 8) return lawType('pcm_mulaw', WAV_MULAW);
  if (format !== WAV_PCM || bits < 8 || bits > 32) return null;
  // Odd depths (12, 20) sit left-aligned in whole bytes, so the container's width alone sets the scale.
  const bytes = Math.ceil(bits / 8);
  const codec = `pcm_${bytes === 1 ? 'u' : 's'}${bytes * 8}`;
  if (bytes === 1) return { codec, bytes, read: (view, offset) => (view.getUint8(offset) - 128) / 128 };
  if (bytes === 2) return { codec, bytes, read: (view, offset) => view.getInt16(offset, littleEndian) / 32_768 };
  if (bytes === 4) return { codec, bytes, read: (view, offset) => view.getInt32(offset, littleEndian) / 2_147_483_648 };
  return {
    codec,
    bytes,
    read: (view, offset) => {
      const high = view.getInt8(littleEndian ? offset + 2 : offset);
      const low = view.getUint8(littleEndian ? offset : offset + 2);
      return (high * 65_536 + view.getUint8(offset + 1) * 256 + low) / 8_388_608;
    },
  };
}

/** All 256 codes of a companding law, expanded once by wavefile. */
function lawType(codec: string, audioFormat: number): SampleType {
  const fmt = new Uint8Array(24);
  const view = new DataView(fmt.buffer);
  fmt.set([0x66, 0x6d, 0x74, 0x20]);
  view.setUint32(4, 16, true);
  view.setUint16(8, audioFormat, true);
  view.setUint16(10, 1, true);
  view.setUint32(12, 8000, true);
  view.setUint32(16, 8000, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 8, true);
  const wav = new WaveFile();
  wav.fromBuffer(
    wavBytes(
      'RIFF',
      fmt,
      Uint8Array.from({ length: 256 }, (_, code) => code),
    ),
  );
  if (audioFormat === WAV_ALAW) wav.fromALaw();
  else wav.fromMuLaw();
  const table = Float32Array.from(wav.getSamples(true), (sample) => sample / 32_768);
  return { codec, bytes: 1, read: (block, offset) => table[block.getUint8(offset)]! };
}

function imaDecoder(channels: number, blockAlign: number): WavDecoder | null {
  if (blockAlign < 8 * channels || blockAlign % (4 * channels) !== 0) return null;
  const block = new ImaAdpcmBlock(channels, blockAlign);
  return {
    codec: 'adpcm_ima',
    unitBytes: blockAlign,
    unitFrames: block.frames,
    decode(bytes) {
      const parts: Float32Array[] = [];
      for (let offset = 0; offset < bytes.length; offset += blockAlign) {
        parts.push(block.decode(bytes.subarray(offset, offset + blockAlign)));
      }
      return joinedSamples(parts);
    },
  };
}

/** A whole small file: container, the given chunks, and a data chunk. */
export function wavBytes(container: 'RIFF' | 'RIFX', chunks: Uint8Array, data: Uint8Array): Uint8Array {
  const little = container === 'RIFF';
  const bytes = new Uint8Array(12 + chunks.length + 8 + data.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 4; i++) {
    bytes[i] = container.charCodeAt(i);
    bytes[8 + i] = 'WAVE'.charCodeAt(i);
    bytes[12 + chunks.length + i] = 'data'.charCodeAt(i);
  }
  view.setUint32(4, bytes.length - 8, little);
  bytes.set(chunks, 12);
  view.setUint32(16 + chunks.length, data.length, little);
  bytes.set(data, 20 + chunks.length);
  return bytes;
}
