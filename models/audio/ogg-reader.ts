import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { joinedSamples } from '../core/samples.ts';
import { FlacBytes, parseStreamInfo } from './flac-reader.ts';
import { lastOggPage, type OggDamage, OggPackets, type OggPage, oggPages, parseOggPage } from './ogg-pages.ts';
import { OPUS_RATE_HZ, OpusPackets, opusFrames, opusPacketFrames, parseOpusHead } from './opus-packets.ts';
import {
  checkShape,
  corrupt,
  mixDown,
  type OpenContext,
  type PcmStream,
  quietly,
  reportTruncated,
  seconds,
  unsupported,
  warnOnce,
} from './pcm-stream.ts';
import { latin } from './sniff.ts';

/** Two pages at their largest: the last one is surely in them. */
const TAIL_BYTES = 131_072;

/** What the first packet of a logical stream says. */
interface OggHead {
  readonly codec: 'opus' | 'vorbis' | 'flac';
  readonly sampleRateHz: number;
  readonly channels: number;
}

/** Decodes the pages of one logical stream. */
interface PageDecoder {
  push(page: OggPage): Promise<Float32Array>;
  flush(): Promise<Float32Array>;
  readonly damaged: number;
  free(): void;
}

/**
 * Ogg with Opus, Vorbis or FLAC. The first audio stream is read, others beside it are passed over, and chained streams
 * (radio captures) follow one another. A file without an end-of-stream mark, or that ends inside a page, was cut.
 */
export async function openOgg(context: OpenContext): Promise<PcmStream> {
  const first = await firstAudioPage(context);
  const { head, page } = first;
  checkShape(context, head.sampleRateHz, head.channels);
  const declaredFrames = await checkEnd(context, head, page);
  let current: PageDecoder | null = await newPageDecoder(context, head, page);
  const free = (): void => {
    current?.free();
    current = null;
  };
  return {
    format: 'ogg',
    codec: head.codec,
    sampleRateHz: head.sampleRateHz,
    channels: head.channels,
    declaredFrames,
    slackFrames: 0,
    async *blocks() {
      const damage: OggDamage = { skippedBytes: 0, cut: false };
      let serial = page.serial;
      let ended = false;
      let sequence = page.sequence - 1;
      for await (const next of oggPages(context.reader, damage)) {
        if (ended && next.first) {
          const chained = parseOggHead(next);
          if (!chained) continue;
          if (chained.sampleRateHz !== head.sampleRateHz) {
            throw unsupported(context, 'an Ogg chain whose parts differ in sample rate');
          }
          free();
          current = await newPageDecoder(context, chained, next);
          serial = next.serial;
          sequence = next.sequence - 1;
          ended = false;
        }
        if (next.serial !== serial || !current) continue;
        if (next.sequence !== sequence + 1) {
          warnOnce(context, 'audio_damaged', `${context.reader.name}: an Ogg page is missing`);
        }
        sequence = next.sequence;
        const mono = await current.push(next);
        if (mono.length > 0) yield mono;
        ended ||= next.last;
      }
      if (current) {
        const mono = await current.flush();
        if (mono.length > 0) yield mono;
        if (current.damaged > 0) {
          const what = `${context.reader.name}: ${current.damaged} packets are damaged`;
          warnOnce(context, 'audio_damaged', what);
        }
      }
      if (damage.skippedBytes > 0) {
        const what = `${context.reader.name}: ${damage.skippedBytes} bytes belong to no sound Ogg page`;
        warnOnce(context, 'audio_damaged', what);
      }
      free();
      if (damage.cut) reportTruncated(context, `${context.reader.name} ends inside an Ogg page`);
      else if (!ended) reportTruncated(context, `${context.reader.name} ends without an end-of-stream mark`);
    },
    free,
  };
}

/** Finds the first stream with a codec that we have, among the first pages of all streams; reads past the others. */
async function firstAudioPage(context: OpenContext): Promise<{ head: OggHead; page: OggPage }> {
  const { reader } = context;
  for (;;) {
    let need = 27;
    let page = parseOggPage(await reader.peek(need));
    while (page && 'needBytes' in page) {
      need = page.needBytes;
      const bytes = await reader.peek(need);
      if (bytes.length < need) throw corrupt(context, 'the file ends inside its first Ogg page');
      page = parseOggPage(bytes);
    }
    if (!page) throw corrupt(context, 'the first Ogg page is damaged');
    if (!page.first) throw unsupported(context, 'an Ogg file without an Opus, Vorbis or FLAC stream');
    const head = parseOggHead(page);
    if (head) return { head, page };
    await reader.skip(page.bytes.length);
  }
}

function parseOggHead(page: OggPage): OggHead | null {
  const { body } = page;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (latin(body, 0, 8) === 'OpusHead') {
    const head = parseOpusHead(body);
    return head && { codec: 'opus', sampleRateHz: OPUS_RATE_HZ, channels: head.channels };
  }
  if (latin(body, 0, 7) === '\x01vorbis' && body.length >= 30) {
    return { codec: 'vorbis', sampleRateHz: view.getUint32(12, true), channels: body[11]! };
  }
  if (latin(body, 0, 5) === '\x7fFLAC' && body.length >= 51) {
    const info = parseStreamInfo(body.subarray(17, 51));
    return { codec: 'flac', sampleRateHz: info.sampleRateHz, channels: info.channels };
  }
  return null;
}

/** Where the end can be looked at beforehand: total frames by the last page; reports a cut before any decoding. */
async function checkEnd(context: OpenContext, head: OggHead, page: OggPage): Promise<number | null> {
  const { reader } = context;
  if (!reader.seekable || reader.lengthBytes === null) return null;
  const start = Math.max(0, reader.lengthBytes - TAIL_BYTES);
  const last = lastOggPage(await reader.at(start, TAIL_BYTES), page.serial);
  // A chain ends with another stream's page: its length is the sum of parts that only reading finds.
  if (!last || last.granule < 0n) return null;
  const opus = head.codec === 'opus' ? parseOpusHead(page.body) : null;
  const frames = opus ? Math.max(0, opusFrames(Number(last.granule)) - opus.preSkip) : Number(last.granule);
  if (!last.last) {
    const until = seconds(frames, head.sampleRateHz);
    reportTruncated(context, `${reader.name} ends early: there is no end-of-stream mark, sound pages reach ${until}`);
    return null;
  }
  // Streams cut from a live source begin at a high granule; only decoding tells their length.
  return page.granule === 0n && last !== page ? await fromZero(context, page, frames) : null;
}

/** `frames` if the stream counts from zero, which its first pages with audio show; null elsewhere. */
async function fromZero(context: OpenContext, page: OggPage, frames: number): Promise<number | null> {
  const bytes = await context.reader.at(context.reader.position, TAIL_BYTES);
  for (let at = 0; at < bytes.length; ) {
    const next = parseOggPage(bytes.subarray(at));
    if (!next || 'needBytes' in next) return null;
    at += next.bytes.length;
    if (next.serial !== page.serial || next.granule <= 0n) continue;
    // A page holds at most 255 packets of 120 ms; a first granule above that was inherited from elsewhere.
    return Number(next.granule) <= 255 * 5760 ? frames : null;
  }
  return null;
}

async function newPageDecoder(context: OpenContext, head: OggHead, page: OggPage): Promise<PageDecoder> {
  if (head.codec === 'opus') return newOpusPages(context, page);
  if (head.codec === 'vorbis') return newVorbisPages();
  const flac = new FlacBytes(context);
  await flac.ready();
  return {
    push: (next) => flac.decode(next.bytes),
    flush: () => flac.flush(),
    damaged: 0,
    free: () => flac.free(),
  };
}

async function newOpusPages(context: OpenContext, page: OggPage): Promise<PageDecoder> {
  const head = parseOpusHead(page.body);
  if (!head) throw corrupt(context, 'the Opus header is damaged');
  const opus = new OpusPackets(head);
  await opus.ready();
  const packets = new OggPackets();
  let headersLeft = 2;
  let frames = 0;
  /** Granule at which this stream's audio begins: 0, or more in a stream cut from a live source. */
  let origin: number | null = null;
  return {
    async push(next) {
      const parts: Float32Array[] = [];
      let pageFrames = 0;
      for (const packet of packets.push(next)) {
        if (headersLeft > 0) {
          headersLeft--;
          continue;
        }
        pageFrames += opusPacketFrames(packet);
        parts.push(opus.decode(packet));
      }
      const granule = opusFrames(Number(next.granule));
      if (origin === null && pageFrames > 0 && next.granule >= 0n)
        origin = next.last ? 0 : Math.max(0, granule - pageFrames);
      let mono = joinedSamples(parts);
      frames += mono.length;
      // The last page's granule tells how much of its audio counts (RFC 7845 section 4.4).
      const total = granule - (origin ?? 0) - head.preSkip;
      if (next.last && next.granule >= 0n && frames > total) {
        const keep = Math.max(0, mono.length - (frames - total));
        frames -= mono.length - keep;
        mono = mono.subarray(0, keep);
      }
      return mono;
    },
    flush: async () => new Float32Array(0),
    get damaged() {
      return opus.damaged;
    },
    free: () => opus.free(),
  };
}

async function newVorbisPages(): Promise<PageDecoder> {
  let decoder: OggVorbisDecoder | null = new OggVorbisDecoder();
  await decoder.ready;
  const run = async (call: (open: OggVorbisDecoder) => ReturnType<OggVorbisDecoder['decode']>) => {
    const open = decoder;
    if (!open) return new Float32Array(0);
    const decoded = await quietly(() => call(open));
    return mixDown(decoded.channelData, decoded.samplesDecoded);
  };
  return {
    push: (page) => run((open) => open.decode(page.bytes)),
    flush: () => run((open) => open.flush()),
    damaged: 0,
    free() {
      decoder?.free();
      decoder = null;
    },
  };
}
