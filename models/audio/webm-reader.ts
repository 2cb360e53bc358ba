import type { ByteReader } from './byte-reader.ts';
import { OPUS_RATE_HZ, OpusPackets, parseOpusHead } from './opus-packets.ts';
import { corrupt, type OpenContext, type PcmStream, reportTruncated, unsupported, warnOnce } from './pcm-stream.ts';

/** Elements of Matroska (RFC 9559) that matter here, by EBML id. */
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const DURATION = 0x4489;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_NUMBER = 0xd7;
const TRACK_TYPE = 0x83;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;
const CONTENT_ENCODINGS = 0x6d80;
const CLUSTER = 0x1f43b675;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const SIMPLE_BLOCK = 0xa3;
const DISCARD_PADDING = 0x75a2;

/** Containers whose children are read in line; their ends need no notice. */
const ENTERED = new Set([SEGMENT, INFO, TRACKS, TRACK_ENTRY, CLUSTER, BLOCK_GROUP]);
const WANTED = new Set([
  TIMESTAMP_SCALE,
  DURATION,
  TRACK_NUMBER,
  TRACK_TYPE,
  CODEC_ID,
  CODEC_PRIVATE,
  CONTENT_ENCODINGS,
  BLOCK,
  SIMPLE_BLOCK,
  DISCARD_PADDING,
]);
/** An element that is read whole and larger than this is damaged: an Opus block has at most some kilobytes. */
const ELEMENT_BYTES_MAX = 1 << 20;
const AUDIO_TRACK = 2;

interface Element {
  readonly id: number;
  /** Empty for entered containers. */
  readonly body: Uint8Array;
}

interface Track {
  number: number;
  type: number;
  codec: string;
  codecPrivate: Uint8Array;
  encoded: boolean;
}

/** WebM and Matroska with an Opus track, as browsers record it. The first Opus track is read. */
export async function openWebm(context: OpenContext): Promise<PcmStream> {
  const state = { cut: false };
  const elements = readElements(context, state);
  const tracks: Track[] = [];
  let scaleNs = 1_000_000;
  let duration = 0;
  for (;;) {
    const { value: element, done } = await elements.next();
    if (done) throw corrupt(context, 'a WebM file without audio blocks');
    if (element.id === CLUSTER) break;
    if (element.id === TIMESTAMP_SCALE) scaleNs = unsigned(element.body);
    if (element.id === DURATION) duration = float(element.body);
    if (element.id === TRACK_ENTRY) {
      tracks.push({ number: 0, type: 0, codec: '', codecPrivate: new Uint8Array(0), encoded: false });
    }
    const track = tracks.at(-1);
    if (track) readTrackField(track, element);
  }
  const track = pickTrack(context, tracks);
  const head = parseOpusHead(track.codecPrivate);
  if (!head) throw corrupt(context, 'the Opus header in the WebM file is damaged');
  const opus = new OpusPackets(head);
  await opus.ready();
  const alone = tracks.length === 1 && duration > 0;
  return {
    format: 'webm',
    codec: 'opus',
    sampleRateHz: OPUS_RATE_HZ,
    channels: head.channels,
    declaredFrames: alone ? Math.floor(((duration * scaleNs) / 1e9) * OPUS_RATE_HZ) : null,
    // Durations are rounded to the last block's start by some writers: allow one block of 120 ms.
    slackFrames: 0.12 * OPUS_RATE_HZ + head.preSkip,
    async *blocks() {
      let held: Float32Array | null = null;
      for await (const element of elements) {
        if (element.id === DISCARD_PADDING && held) {
          held = held.subarray(0, Math.max(0, held.length - discardedFrames(element.body)));
        }
        if (element.id !== BLOCK && element.id !== SIMPLE_BLOCK) continue;
        for (const packet of blockPackets(context, element.body, track.number)) {
          if (held && held.length > 0) yield held;
          held = opus.decode(packet);
        }
      }
      if (held && held.length > 0) yield held;
      if (opus.damaged > 0) {
        warnOnce(context, 'audio_damaged', `${context.reader.name}: ${opus.damaged} packets are damaged`);
      }
      opus.free();
      if (state.cut) reportTruncated(context, `${context.reader.name} ends inside a WebM element`);
    },
    free: () => opus.free(),
  };
}

function readTrackField(track: Track, element: Element): void {
  if (element.id === TRACK_NUMBER) track.number = unsigned(element.body);
  if (element.id === TRACK_TYPE) track.type = unsigned(element.body);
  if (element.id === CODEC_ID) track.codec = String.fromCharCode(...element.body.subarray(0, 64));
  if (element.id === CODEC_PRIVATE) track.codecPrivate = element.body;
  if (element.id === CONTENT_ENCODINGS) track.encoded = true;
}

function pickTrack(context: OpenContext, tracks: readonly Track[]): Track {
  const audio = tracks.filter((track) => track.type === AUDIO_TRACK);
  const track = audio.find((each) => each.codec === 'A_OPUS' && !each.encoded);
  if (track) return track;
  const codecs = audio.map((each) => each.codec).join(', ');
  throw unsupported(context, codecs ? `a WebM file with ${codecs}, not Opus` : 'a WebM file without audio');
}

/** Wanted elements with their bodies and entered containers, in file order; the rest is passed over. */
async function* readElements(context: OpenContext, state: { cut: boolean }): AsyncGenerator<Element> {
  const { reader } = context;
  let segmentEnd = Number.POSITIVE_INFINITY;
  while (reader.position < segmentEnd) {
    const id = await readNumber(reader, 4, true);
    if (id === null) break;
    const size = id < 0 ? -2 : await readNumber(reader, 8, false);
    if (size === null) {
      state.cut = true;
      break;
    }
    // Damage, or padding past the segment: nothing tells where the next element begins.
    if (id < 0 || size === -2) throw corrupt(context, `no WebM element at byte ${reader.position}`);
    if (ENTERED.has(id)) {
      if (id === SEGMENT && size >= 0) segmentEnd = reader.position + size;
      yield { id, body: new Uint8Array(0) };
    } else if (size < 0) {
      throw corrupt(context, 'a WebM element of unknown size that must have one');
    } else if (WANTED.has(id)) {
      if (size > ELEMENT_BYTES_MAX) throw corrupt(context, `a WebM element of ${size} bytes`);
      const body = await reader.take(size);
      if (body.length < size) {
        state.cut = true;
        break;
      }
      yield { id, body };
    } else if ((await reader.skip(size)) < size) {
      state.cut = true;
      break;
    }
  }
  if (Number.isFinite(segmentEnd) && reader.position < segmentEnd) state.cut = true;
}

/**
 * An EBML number of variable length. Ids keep their length mark. Null at the end of the file, -1 for an unknown size,
 * -2 where no number begins.
 */
async function readNumber(reader: ByteReader, bytesMax: number, keepMark: boolean): Promise<number | null> {
  const first = (await reader.peek(1))[0];
  if (first === undefined) return null;
  const length = Math.clz32(first) - 23;
  if (length > bytesMax) return -2;
  const bytes = await reader.take(length);
  if (bytes.length < length) return null;
  const mark = 1 << (8 - length);
  let value = keepMark ? first : first & (mark - 1);
  let ones = (first & (mark - 1)) === mark - 1;
  for (let i = 1; i < length; i++) {
    value = value * 256 + bytes[i]!;
    ones &&= bytes[i] === 255;
  }
  return !keepMark && ones ? -1 : value;
}

function unsigned(body: Uint8Array): number {
  let value = 0;
  for (const byte of body.subarray(0, 8)) value = value * 256 + byte;
  return value;
}

function float(body: Uint8Array): number {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const value = body.length === 4 ? view.getFloat32(0) : body.length === 8 ? view.getFloat64(0) : 0;
  return Number.isFinite(value) && value > 0 ? value : 0;
}

/** DiscardPadding: signed nanoseconds to drop from the block's end. */
function discardedFrames(body: Uint8Array): number {
  let ns = 0n;
  for (const byte of body.subarray(0, 8)) ns = (ns << 8n) | BigInt(byte);
  ns = BigInt.asIntN(Math.max(8, Math.min(64, body.length * 8)), ns);
  return ns > 0n ? Math.round((Number(ns) / 1e9) * OPUS_RATE_HZ) : 0;
}

/** Packets of one block if it belongs to the track (RFC 9559 section 10: no lacing, Xiph, fixed size, EBML). */
function blockPackets(context: OpenContext, body: Uint8Array, trackNumber: number): Uint8Array[] {
  const cursor = { at: 0 };
  const number = readVint(body, cursor);
  // Track number, two bytes of time, flags.
  const flags = body[cursor.at + 2];
  if (number !== trackNumber || flags === undefined) return [];
  cursor.at += 3;
  const lacing = (flags >> 1) & 3;
  if (lacing === 0) return [body.subarray(cursor.at)];
  const count = (body[cursor.at++] ?? 0) + 1;
  const sizes = lacedSizes(body, cursor, lacing, count);
  const left = body.length - cursor.at;
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (lacing === 2) sizes.fill(Math.floor(left / count));
  else sizes.push(left - sum);
  if (sizes.some((size) => size < 0)) throw corrupt(context, 'a WebM block whose lacing is damaged');
  return sizes.map((size) => {
    const packet = body.subarray(cursor.at, cursor.at + size);
    cursor.at += size;
    return packet;
  });
}

/** Sizes of all but the last packet (fixed-size lacing: zeros for all, the caller divides). */
function lacedSizes(body: Uint8Array, cursor: { at: number }, lacing: number, count: number): number[] {
  const sizes: number[] = [];
  if (lacing === 2) return new Array<number>(count).fill(0);
  for (let i = 0; i + 1 < count; i++) {
    if (lacing === 1) {
      let size = 0;
      let byte: number;
      do {
        byte = body[cursor.at++] ?? 0;
        size += byte;
      } while (byte === 255);
      sizes.push(size);
    } else {
      const start = cursor.at;
      const value = readVint(body, cursor);
      const bias = 2 ** (7 * (cursor.at - start) - 1) - 1;
      sizes.push(i === 0 ? value : sizes[i - 1]! + value - bias);
    }
  }
  return sizes;
}

function readVint(body: Uint8Array, cursor: { at: number }): number {
  const first = body[cursor.at] ?? 0;
  const length = Math.clz32(first) - 23;
  let value = first & ((1 << (8 - length)) - 1);
  for (let i = 1; i < length; i++) value = value * 256 + (body[cursor.at + i] ?? 0);
  cursor.at += length;
  return value;
}
