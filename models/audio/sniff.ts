import type { ByteReader } from './byte-reader.ts';
import { parseMp3Header } from './mp3-frames.ts';

/** What the first bytes say a file is. `text` and `unknown` cannot be read. */
export type Sniffed = 'wav' | 'flac' | 'mp3' | 'ogg' | 'webm' | 'm4a' | 'aac' | 'text' | 'unknown';

/** Enough to hold any signature here, and to tell text from noise. */
const HEAD_BYTES = 4096;
/** Padding that is seen between an ID3 tag and the first frame; beyond it, give up. */
const SCAN_BYTES_MAX = 65_536;

/**
 * Tells the container by its content; a file's name is never looked at. Passes over ID3v2 tags, so that the reader
 * stands at the container's first byte afterwards.
 */
export async function sniff(reader: ByteReader): Promise<Sniffed> {
  const tagged = await skipId3(reader);
  const head = await reader.peek(HEAD_BYTES);
  const word = latin(head, 0, 4);
  if (/^(RIFF|RIFX|RF64|BW64)$/.test(word) && latin(head, 8, 4) === 'WAVE') return 'wav';
  if (word === 'fLaC') return 'flac';
  if (word === 'OggS') return 'ogg';
  if (head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3) return 'webm';
  if (latin(head, 4, 4) === 'ftyp') return 'm4a';
  if (isAdts(head)) return 'aac';
  if (await findMp3(reader, tagged)) return 'mp3';
  return looksLikeText(head) ? 'text' : 'unknown';
}

async function skipId3(reader: ByteReader): Promise<boolean> {
  let found = false;
  for (;;) {
    const head = await reader.peek(10);
    if (head.length < 10 || latin(head, 0, 3) !== 'ID3') return found;
    const size = ((head[6]! & 127) << 21) | ((head[7]! & 127) << 14) | ((head[8]! & 127) << 7) | (head[9]! & 127);
    const footer = (head[5]! & 0x10) !== 0 ? 10 : 0;
    found = true;
    if ((await reader.skip(10 + size + footer)) < 10 + size + footer) return found;
  }
}

/** MP3 has no signature: two frames in a row (three where we have to search) must agree. */
async function findMp3(reader: ByteReader, tagged: boolean): Promise<boolean> {
  const head = await reader.peek(tagged ? SCAN_BYTES_MAX : HEAD_BYTES * 2);
  if (framesAgree(head, 0, 2)) return true;
  const zeros = head.findIndex((byte) => byte !== 0);
  const last = tagged ? head.length : Math.max(0, zeros) + 1;
  for (let offset = tagged ? 1 : zeros; offset > 0 && offset < last; offset++) {
    if (framesAgree(head, offset, 3)) {
      await reader.skip(offset);
      return true;
    }
  }
  return false;
}

function framesAgree(bytes: Uint8Array, offset: number, count: number): boolean {
  let rate = 0;
  for (let found = 0; found < count; found++) {
    const header = parseMp3Header(bytes, offset);
    if (!header) return found > 0 && offset >= bytes.length && bytes.length < HEAD_BYTES;
    if (found > 0 && header.sampleRateHz !== rate) return false;
    rate = header.sampleRateHz;
    offset += header.lengthBytes;
  }
  return true;
}

function isAdts(head: Uint8Array): boolean {
  if (head.length < 7 || head[0] !== 0xff || (head[1]! & 0xf6) !== 0xf0) return false;
  const length = ((head[3]! & 3) << 11) | (head[4]! << 3) | (head[5]! >> 5);
  const rateIndex = (head[2]! >> 2) & 15;
  if (length < 7 || rateIndex > 12) return false;
  return length + 1 >= head.length || (head[length] === 0xff && (head[length + 1]! & 0xf6) === 0xf0);
}

function looksLikeText(head: Uint8Array): boolean {
  if (head.length === 0) return false;
  return head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
}

export function latin(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}
