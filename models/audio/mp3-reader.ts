import { MPEGDecoder } from 'mpg123-decoder';
import { type Mp3Header, parseMp3Header, parseMp3Tag } from './mp3-frames.ts';
import { checkShape, corrupt, mixDown, type OpenContext, type PcmStream, quietly, warnOnce } from './pcm-stream.ts';

/** MPEG frames per decoder call: about a second. */
const BATCH_FRAMES = 40;
/** Longest frame of any version, layer and rate. */
const FRAME_BYTES_MAX = 2881;

/** MPEG-1/2/2.5 audio, layers I to III. Frames are found here, so the decoder never sees anything else. */
export async function openMp3(context: OpenContext): Promise<PcmStream> {
  const { reader } = context;
  const head = await reader.peek(FRAME_BYTES_MAX);
  const header = parseMp3Header(head, 0);
  if (!header) throw corrupt(context, 'no MP3 frame where one should begin');
  checkShape(context, header.sampleRateHz, header.channels);
  const tag = header.layer === 3 ? parseMp3Tag(head.subarray(0, header.lengthBytes), header) : null;
  const declaredFrames = tag ? Math.max(0, tag.mpegFrames * header.frames - tag.delayFrames - tag.paddingFrames) : null;
  let decoder: MPEGDecoder | null = newDecoder();
  await decoder.ready;
  const free = (): void => {
    decoder?.free();
    decoder = null;
  };
  return {
    format: 'mp3',
    codec: `mp${header.layer}`,
    sampleRateHz: header.sampleRateHz,
    channels: header.channels,
    declaredFrames,
    // The decoder's own delay (529), and one frame that some encoders count and do not write.
    slackFrames: header.frames * 2 + 529,
    async *blocks() {
      for await (const batch of frameBatches(context, header)) {
        if (!decoder) return;
        const mono = decodeBatch(context, decoder, batch);
        if (mono.length > 0) yield mono;
      }
      free();
    },
    free,
  };
}

/**
 * A decoder that cannot hang: the package's read loop goes on after an error that does not pass, and its only way out
 * is the function that records errors (workaround for mpg123-decoder 1.0.3; fuzz tests hold it).
 */
function newDecoder(): MPEGDecoder {
  const decoder = new MPEGDecoder();
  const inner = decoder as unknown as { ready: Promise<void>; _common: { addError: (...args: unknown[]) => void } };
  void inner.ready.then(() => {
    inner._common.addError = (_errors, message) => {
      throw new Error(String(message));
    };
  });
  return decoder;
}

function decodeBatch(context: OpenContext, decoder: MPEGDecoder, batch: Uint8Array): Float32Array {
  try {
    const decoded = quietly(() => decoder.decode(batch));
    return mixDown(decoded.channelData, decoded.samplesDecoded);
  } catch (error) {
    warnOnce(context, 'audio_damaged', `${context.reader.name}: MP3 frames are damaged (${String(error)})`);
    return new Float32Array(0);
  }
}

/** Whole frames of the first frame's kind, joined; passes over tags and damage between them. */
async function* frameBatches(context: OpenContext, first: Mp3Header): AsyncGenerator<Uint8Array> {
  const { reader } = context;
  let frames: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const head = await reader.peek(FRAME_BYTES_MAX + 4);
    if (head.length < 4) break;
    const header = parseMp3Header(head, 0);
    const whole = header !== null && header.lengthBytes <= head.length;
    if (whole && header.layer === first.layer && header.sampleRateHz === first.sampleRateHz) {
      const frame = await reader.take(header.lengthBytes);
      frames.push(frame);
      bytes += frame.length;
    } else if (header && !whole && head.length < FRAME_BYTES_MAX) {
      warnOnce(context, 'audio_damaged', `${reader.name} ends inside its last MP3 frame, which was left out`);
      break;
    } else if (!(await skipTag(context, head))) {
      warnOnce(context, 'audio_damaged', `${reader.name} has bytes between its MP3 frames that are no audio`);
      await reader.skip(nextSync(head));
    }
    if (frames.length >= BATCH_FRAMES) {
      yield join(frames, bytes);
      frames = [];
      bytes = 0;
    }
  }
  if (frames.length > 0) yield join(frames, bytes);
}

function nextSync(head: Uint8Array): number {
  const at = head.indexOf(0xff, 1);
  return at < 0 ? head.length : at;
}

/** Passes over ID3v1, APE and Lyrics3 tags, which stand at the end. */
async function skipTag(context: OpenContext, head: Uint8Array): Promise<boolean> {
  const word = String.fromCharCode(...head.subarray(0, 8));
  if (word.startsWith('TAG')) {
    await context.reader.skip(128);
    return true;
  }
  if (word.startsWith('APETAGEX') && head.length >= 16) {
    const size = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(12, true);
    await context.reader.skip(32 + size);
    return true;
  }
  return false;
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
