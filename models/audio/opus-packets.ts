import { OpusDecoder } from 'opus-decoder';
import { mixDown, quietly } from './pcm-stream.ts';

/**
 * Opus has no rate of its own: the decoder makes whichever of five is asked for, with its own low-pass. Asking for 16 kHz
 * costs a quarter of 48 kHz and resampling.
 */
export const OPUS_RATE_HZ = 16_000;
/** Containers count time at 48 kHz whatever the decoder makes. */
const CLOCK_HZ = 48_000;

/** Frames at our rate for a count of the container's clock. */
export function opusFrames(clock: number): number {
  return Math.round((clock * OPUS_RATE_HZ) / CLOCK_HZ);
}

/** The identification header (RFC 7845 section 5.1), in Ogg and in WebM's CodecPrivate alike. */
export interface OpusHead {
  readonly channels: number;
  /** Frames to drop at the start, at OPUS_RATE_HZ. */
  readonly preSkip: number;
  /** Output gain, as a factor. */
  readonly gain: number;
  readonly streams: number;
  readonly coupled: number;
  readonly mapping: readonly number[];
}

/** Null where the bytes are no usable header. */
export function parseOpusHead(bytes: Uint8Array): OpusHead | null {
  if (bytes.length < 19 || String.fromCharCode(...bytes.subarray(0, 8)) !== 'OpusHead') return null;
  if (bytes[8]! >> 4 !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = bytes[9]!;
  const head = {
    channels,
    preSkip: opusFrames(view.getUint16(10, true)),
    gain: 10 ** (view.getInt16(16, true) / 256 / 20),
  };
  if (channels === 0) return null;
  if (bytes[18] === 0) {
    return channels > 2 ? null : { ...head, streams: 1, coupled: channels - 1, mapping: channels === 2 ? [0, 1] : [0] };
  }
  if (bytes.length < 21 + channels) return null;
  const streams = bytes[19]!;
  const coupled = bytes[20]!;
  const mapping = [...bytes.subarray(21, 21 + channels)];
  const known = mapping.every((index) => index === 255 || index < streams + coupled);
  return streams > 0 && coupled <= streams && known ? { ...head, streams, coupled, mapping } : null;
}

/** Frames in a packet by its first bytes (RFC 6716 section 3.1), at OPUS_RATE_HZ; 0 where it is none. */
export function opusPacketFrames(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const config = toc >> 3;
  const frame =
    config < 12 ? [480, 960, 1920, 2880][config & 3]! : config < 16 ? [480, 960][config & 1]! : 120 << (config & 3);
  const code = toc & 3;
  const count = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 63;
  return frame * count > 5760 ? 0 : opusFrames(frame * count);
}

/** Opus packets to mono samples at OPUS_RATE_HZ. */
export class OpusPackets {
  readonly #head: OpusHead;
  #decoder: OpusDecoder<typeof OPUS_RATE_HZ> | null;
  #skip: number;
  /** Packets that could not be decoded; silence of their length stands in. */
  damaged = 0;

  constructor(head: OpusHead) {
    this.#head = head;
    this.#skip = head.preSkip;
    this.#decoder = new OpusDecoder({
      channels: head.channels,
      streamCount: head.streams,
      coupledStreamCount: head.coupled,
      channelMappingTable: [...head.mapping],
      preSkip: 0,
      sampleRate: OPUS_RATE_HZ,
    });
  }

  async ready(): Promise<void> {
    await this.#decoder?.ready;
  }

  decode(packet: Uint8Array): Float32Array {
    const mono = this.#decodeWhole(packet);
    if (this.#skip === 0) return mono;
    const dropped = Math.min(this.#skip, mono.length);
    this.#skip -= dropped;
    return mono.subarray(dropped);
  }

  #decodeWhole(packet: Uint8Array): Float32Array {
    const decoder = this.#decoder;
    if (!decoder || packet.length === 0) return new Float32Array(0);
    try {
      const decoded = quietly(() => decoder.decodeFrame(packet));
      if (decoded.errors.length === 0) return mixDown(decoded.channelData, decoded.samplesDecoded, this.#head.gain);
    } catch {
      // A packet larger than the decoder's input (RangeError): damage like any other, counted below.
    }
    this.damaged++;
    return new Float32Array(opusPacketFrames(packet));
  }

  free(): void {
    this.#decoder?.free();
    this.#decoder = null;
  }
}
