import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { checkShape, corrupt, mixDown, type OpenContext, type PcmStream, quietly, warnOnce } from './pcm-stream.ts';

/** STREAMINFO, the first metadata block (RFC 9639 section 8.2). */
export interface FlacInfo {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly bits: number;
  /** Frames in the stream; null where the encoder did not know. */
  readonly frames: number | null;
}

/** Parses the 34 bytes of STREAMINFO. */
export function parseStreamInfo(info: Uint8Array): FlacInfo {
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  const packed = view.getUint32(10);
  const frames = (packed & 15) * 2 ** 32 + view.getUint32(14);
  return {
    sampleRateHz: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
    frames: frames === 0 ? null : frames,
  };
}

/** Native FLAC, decoded as it is read. */
export async function openFlac(context: OpenContext): Promise<PcmStream> {
  const { reader } = context;
  // Magic, block header, STREAMINFO.
  const head = await reader.peek(42);
  if (head.length < 42) throw corrupt(context, 'the file ends inside its FLAC header');
  if ((head[4]! & 127) !== 0) throw corrupt(context, 'a FLAC file that does not begin with STREAMINFO');
  const info = parseStreamInfo(head.subarray(8, 42));
  checkShape(context, info.sampleRateHz, info.channels);
  const decoder = new FlacBytes(context);
  await decoder.ready();
  return {
    format: 'flac',
    codec: 'flac',
    sampleRateHz: info.sampleRateHz,
    channels: info.channels,
    declaredFrames: info.frames,
    slackFrames: 0,
    async *blocks() {
      for await (const bytes of reader.rest()) yield* nonEmpty(await decoder.decode(bytes));
      yield* nonEmpty(await decoder.flush());
    },
    free: () => decoder.free(),
  };
}

function* nonEmpty(mono: Float32Array): Generator<Float32Array> {
  if (mono.length > 0) yield mono;
}

/** FLAC bytes (native, or whole Ogg pages) to mono samples. */
export class FlacBytes {
  readonly #context: OpenContext;
  #decoder: FLACDecoder | null;

  constructor(context: OpenContext) {
    this.#context = context;
    this.#decoder = new FLACDecoder();
  }

  async ready(): Promise<void> {
    await this.#decoder?.ready;
  }

  async decode(bytes: Uint8Array): Promise<Float32Array> {
    const decoder = this.#decoder;
    if (!decoder) return new Float32Array(0);
    return this.#mix(await quietly(() => decoder.decode(bytes)));
  }

  /** Decodes what is left, and frees the decoder. */
  async flush(): Promise<Float32Array> {
    const decoder = this.#decoder;
    if (!decoder) return new Float32Array(0);
    const mono = this.#mix(await quietly(() => decoder.flush()));
    this.free();
    return mono;
  }

  free(): void {
    this.#decoder?.free();
    this.#decoder = null;
  }

  #mix(decoded: Awaited<ReturnType<FLACDecoder['decode']>>): Float32Array {
    const first = decoded.errors[0];
    if (first) {
      const name = this.#context.reader.name;
      warnOnce(this.#context, 'audio_damaged', `${name}: a FLAC frame is damaged (${first.message})`);
    }
    return mixDown(decoded.channelData, decoded.samplesDecoded);
  }
}
