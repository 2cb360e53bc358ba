/** One MPEG audio frame header (ISO/IEC 11172-3 section 2.4.2.3, and 13818-3 for the lower rates). */
export interface Mp3Header {
  readonly layer: 1 | 2 | 3;
  readonly sampleRateHz: number;
  readonly channels: 1 | 2;
  /** Samples per channel. */
  readonly frames: number;
  readonly lengthBytes: number;
  /** Bytes from the frame's start to the place of a Xing, Info or VBRI tag. */
  readonly sideEndBytes: number;
}

const KBPS_V1: Readonly<Record<number, readonly number[]>> = {
  1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
};
const KBPS_V2: Readonly<Record<number, readonly number[]>> = {
  1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};
const RATES_HZ = [44_100, 48_000, 32_000];

/** The header at `offset`, or null where there is none. Free-format frames (no bit rate) count as none. */
export function parseMp3Header(bytes: Uint8Array, offset: number): Mp3Header | null {
  if (offset + 4 > bytes.length || bytes[offset] !== 0xff || (bytes[offset + 1]! & 0xe0) !== 0xe0) return null;
  const b1 = bytes[offset + 1]!;
  const b2 = bytes[offset + 2]!;
  const version = (b1 >> 3) & 3;
  const layerBits = (b1 >> 1) & 3;
  const kbpsIndex = b2 >> 4;
  const rateIndex = (b2 >> 2) & 3;
  if (version === 1 || layerBits === 0 || kbpsIndex === 15 || kbpsIndex === 0 || rateIndex === 3) return null;
  const layer = (4 - layerBits) as 1 | 2 | 3;
  const isV1 = version === 3;
  const kbps = (isV1 ? KBPS_V1 : KBPS_V2)[layer]![kbpsIndex]!;
  const sampleRateHz = RATES_HZ[rateIndex]! / (isV1 ? 1 : version === 2 ? 2 : 4);
  const padding = (b2 >> 1) & 1;
  const mono = bytes[offset + 3]! >> 6 === 3;
  const frames = layer === 1 ? 384 : layer === 3 && !isV1 ? 576 : 1152;
  const lengthBytes =
    layer === 1
      ? (Math.floor((12_000 * kbps) / sampleRateHz) + padding) * 4
      : Math.floor(((frames / 8) * kbps * 1000) / sampleRateHz) + padding;
  const side = isV1 ? (mono ? 17 : 32) : mono ? 9 : 17;
  return { layer, sampleRateHz, channels: mono ? 1 : 2, frames, lengthBytes, sideEndBytes: 4 + side };
}

/** What a Xing, Info or VBRI tag in the first frame promises. */
export interface Mp3Tag {
  /** MPEG frames, the tag's own not counted. */
  readonly mpegFrames: number;
  /** Samples that the encoder put before and after the audio; 0 where not told. */
  readonly delayFrames: number;
  readonly paddingFrames: number;
}

/** Reads the tag of a whole first frame; null where there is none or it has no frame count. */
export function parseMp3Tag(frame: Uint8Array, header: Mp3Header): Mp3Tag | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const word = (at: number): string => String.fromCharCode(...frame.subarray(at, at + 4));
  const vbri = 36;
  if (word(vbri) === 'VBRI' && frame.length >= vbri + 18) {
    return { mpegFrames: view.getUint32(vbri + 14), delayFrames: 0, paddingFrames: 0 };
  }
  const at = header.sideEndBytes;
  if ((word(at) !== 'Xing' && word(at) !== 'Info') || frame.length < at + 12) return null;
  const flags = view.getUint32(at + 4);
  if ((flags & 1) === 0) return null;
  const mpegFrames = view.getUint32(at + 8);
  const lame = at + 8 + 4 + ((flags & 2) !== 0 ? 4 : 0) + ((flags & 4) !== 0 ? 100 : 0) + ((flags & 8) !== 0 ? 4 : 0);
  if (frame.length < lame + 24 || frame[lame] === 0) return { mpegFrames, delayFrames: 0, paddingFrames: 0 };
  const gap = (frame[lame + 21]! << 16) | (frame[lame + 22]! << 8) | frame[lame + 23]!;
  return { mpegFrames, delayFrames: gap >> 12, paddingFrames: gap & 0xfff };
}
