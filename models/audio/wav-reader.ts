import { AppError } from '../core/app-error.ts';
import {
  checkShape,
  corrupt,
  type OpenContext,
  type PcmStream,
  reportTruncated,
  seconds,
  unsupported,
  warnOnce,
} from './pcm-stream.ts';
import { latin } from './sniff.ts';
import { parseWavHeader, WAV_EXTENSIBLE, type WavDecoder, type WavHeader, wavDecoder } from './wav-codec.ts';

/** A header chunk that is larger than this is damaged: `fmt ` has at most 40 bytes, with room for odd writers. */
const FMT_BYTES_MAX = 4096;
/** Bytes decoded at a time: one second of CD audio or so. */
const DECODE_BYTES = 131_072;

/**
 * RIFF, RIFX, RF64 and BW64 files, read in blocks. A data length that is missing (0 or all ones: written by recorders
 * that stream) means "to the end"; one that goes past the end of the file is a truncation.
 */
export async function openWav(context: OpenContext): Promise<PcmStream> {
  const { reader } = context;
  const head = await readHead(context);
  const { header, container } = head;
  const format = header.audioFormat === WAV_EXTENSIBLE ? header.subformat : header.audioFormat;
  checkShape(context, header.sampleRate, header.numChannels);
  const decoder = wavDecoder(format, header.bitsPerSample, header.numChannels, header.blockAlign, container !== 'RIFX');
  if (!decoder) {
    throw unsupported(context, `WAV with sample format ${format} at ${header.bitsPerSample} bits cannot be decoded`);
  }
  const dataStart = reader.position;
  const available = reader.lengthBytes === null ? null : reader.lengthBytes - dataStart;
  let dataBytes = head.dataBytes;
  if (dataBytes !== null && available !== null && dataBytes > available) {
    const rate = header.sampleRate;
    reportTruncated(
      context,
      `${reader.name} ends early: its header promises ${seconds(framesIn(decoder, dataBytes), rate)} of audio, ` +
        `the file holds ${seconds(framesIn(decoder, available), rate)}`,
    );
    dataBytes = available;
  }
  if (dataBytes === 0 || (dataBytes === null && available === 0)) {
    throw new AppError('audio_empty', `${reader.name} has a header and no samples`);
  }
  return {
    format: 'wav',
    codec: decoder.codec,
    sampleRateHz: header.sampleRate,
    channels: header.numChannels,
    declaredFrames: dataBytes === null ? null : framesIn(decoder, dataBytes),
    slackFrames: decoder.unitFrames - 1,
    blocks: () => decodeBlocks(context, decoder, dataBytes),
    free() {},
  };
}

function framesIn(decoder: WavDecoder, bytes: number): number {
  return Math.floor(bytes / decoder.unitBytes) * decoder.unitFrames;
}

async function* decodeBlocks(
  context: OpenContext,
  decoder: WavDecoder,
  dataBytes: number | null,
): AsyncGenerator<Float32Array> {
  const { reader } = context;
  const step = Math.max(1, Math.floor(DECODE_BYTES / decoder.unitBytes)) * decoder.unitBytes;
  let left = dataBytes ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const bytes = await reader.take(Math.min(step, left));
    if (bytes.length === 0) break;
    left -= bytes.length;
    const mono = decoder.decode(bytes);
    if (mono.length > 0) yield mono;
  }
  if (left > 0 && dataBytes !== null) return;
  await checkTail(context);
}

/** Audio behind the declared end means that the header lies; chunks of text there are ordinary. */
async function checkTail(context: OpenContext): Promise<void> {
  const tail = await context.reader.peek(8);
  const at = context.reader.position % 2;
  if (tail.length < 8 || /^[\x20-\x7e]{4}$/.test(latin(tail, 0, 4)) || /^[\x20-\x7e]{4}$/.test(latin(tail, at, 4))) {
    return;
  }
  warnOnce(
    context,
    'audio_extra_bytes',
    `${context.reader.name} holds data after its declared end, which was not read`,
  );
}

interface WavHead {
  readonly container: 'RIFF' | 'RIFX';
  readonly header: WavHeader;
  /** Bytes of the data chunk; null where the file does not say. */
  readonly dataBytes: number | null;
}

/** Reads chunks up to the first data byte. */
async function readHead(context: OpenContext): Promise<WavHead> {
  const { reader } = context;
  const riff = await reader.take(12);
  const word = latin(riff, 0, 4);
  const container = word === 'RIFX' ? 'RIFX' : 'RIFF';
  const little = container === 'RIFF';
  const riffBytes = new DataView(riff.buffer, riff.byteOffset, 12).getUint32(4, little);
  let fmt: Uint8Array | null = null;
  let longBytes: number | null = null;
  for (;;) {
    const top = await reader.take(8);
    if (top.length < 8) {
      throw corrupt(context, fmt ? 'the file ends before its samples' : 'the file ends inside its WAV header');
    }
    const id = latin(top, 0, 4);
    const size = new DataView(top.buffer, top.byteOffset, 8).getUint32(4, little);
    if (id === 'data') {
      if (!fmt) throw corrupt(context, 'a WAV file without a format chunk');
      const header = parseFmt(context, container, fmt);
      const dataBytes = longBytes ?? shortLength(size, riffBytes, reader.position);
      return { container, header, dataBytes };
    }
    if (id === 'fmt ' || id === 'ds64') {
      if (size > FMT_BYTES_MAX) throw corrupt(context, `a WAV header chunk of ${size} bytes`);
      const body = await reader.take(size + (size & 1));
      if (body.length < size) throw corrupt(context, 'the file ends inside its WAV header');
      if (id === 'fmt ') {
        if (size < 14) throw corrupt(context, `a WAV format chunk of ${size} bytes`);
        fmt = chunkBytes(top, body);
      } else if (word === 'RF64' || word === 'BW64') {
        if (size < 16) throw corrupt(context, `a ds64 chunk of ${size} bytes`);
        // 0 where the writer streamed: then the data chunk's own length tells, or its absence.
        longBytes = Number(new DataView(body.buffer, body.byteOffset, size).getBigUint64(8, true)) || null;
      }
    } else if ((await reader.skip(size + (size & 1))) < size) {
      throw corrupt(context, 'a WAV file without samples');
    }
  }
}

function parseFmt(context: OpenContext, container: 'RIFF' | 'RIFX', fmt: Uint8Array): WavHeader {
  try {
    return parseWavHeader(container, fmt);
  } catch (error) {
    throw corrupt(context, 'the WAV header cannot be read', error);
  }
}

function chunkBytes(top: Uint8Array, body: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(top.length + body.length);
  chunk.set(top);
  chunk.set(body, top.length);
  return chunk;
}

/**
 * Data length of an ordinary header; null for "unknown". Streaming writers leave 0 (and a RIFF size that counts nothing
 * after it), all ones (less the header's size), or the largest 31-bit number (rounded to a page).
 */
function shortLength(size: number, riffBytes: number, dataStart: number): number | null {
  if (size >= 0xffffff00) return null;
  if (size >= 0x7ffff000 && size <= 0x7fffffff) return null;
  if (size === 0 && (riffBytes + 8 <= dataStart || riffBytes >= 0x7ffff000)) return null;
  return size;
}
