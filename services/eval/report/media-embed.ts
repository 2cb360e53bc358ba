/**
 * Recordings and pictures inside the page, as data: addresses. Files are known by their bytes, never by their names, so a
 * report folder from elsewhere cannot make a page carry off some other file: what is no audio and no picture is refused,
 * and pictures are decoded and drawn anew.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ByteReader } from '../../../models/audio/byte-reader.ts';
import { sniff } from '../../../models/audio/sniff.ts';
import {
  AUDIO_BYTES_MAX,
  AUDIO_TOTAL_BYTES_MAX,
  IMAGE_EDGE_PX,
  IMAGE_PIXELS_MAX,
  IMAGE_TOTAL_BYTES_MAX,
} from './limits.ts';
import { formatBytes } from './metric-format.ts';

export type EmbeddedMedia =
  | { readonly kind: 'audio'; readonly src: string }
  | { readonly kind: 'image'; readonly src: string; readonly width: number; readonly height: number }
  /** Why there is nothing to play or to see. */
  | { readonly kind: 'none'; readonly why: string };

export interface MediaBounds {
  readonly audioBytesMax: number;
  readonly audioTotalBytesMax: number;
  readonly imageTotalBytesMax: number;
}

export const MEDIA_BOUNDS: MediaBounds = {
  audioBytesMax: AUDIO_BYTES_MAX,
  audioTotalBytesMax: AUDIO_TOTAL_BYTES_MAX,
  imageTotalBytesMax: IMAGE_TOTAL_BYTES_MAX,
};

const AUDIO_TYPES = {
  wav: 'audio/wav',
  flac: 'audio/flac',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  webm: 'audio/webm',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
} as const;

/** First bytes of the raster formats that are drawn anew. SVG is a program rather than a picture and is not among them. */
function isPicture(head: Buffer): boolean {
  const at = (offset: number, sign: string) => head.toString('latin1', offset, offset + sign.length) === sign;
  const png = at(0, '\x89PNG\r\n');
  const jpeg = at(0, '\xff\xd8\xff');
  const webp = at(0, 'RIFF') && at(8, 'WEBP');
  const gif = at(0, 'GIF87a') || at(0, 'GIF89a');
  const tiff = at(0, 'II*\0') || at(0, 'MM\0*');
  return png || jpeg || webp || gif || tiff;
}

const HEAD_BYTES = 64;

/** Keeps the budget of one page; ask in the order of importance. */
export class MediaEmbedder {
  readonly #folder: string;
  readonly #bounds: MediaBounds;
  #audioBytes = 0;
  #imageBytes = 0;

  /** `folder`: what relative paths start from. */
  constructor(folder: string, bounds = MEDIA_BOUNDS) {
    this.#folder = folder;
    this.#bounds = bounds;
  }

  /** Never throws for what is wrong with a file: the page says why it shows nothing. */
  async embed(mediaPath: string): Promise<EmbeddedMedia> {
    const path = resolve(this.#folder, mediaPath);
    try {
      // Before it is opened: opening a pipe would wait for its other end.
      const found = await stat(path);
      if (!found.isFile()) return none('this is no file');
      const head = await headOf(path);
      if (head.toString('latin1', 0, 5) === '%PDF-') return none('pages of a PDF are not drawn here');
      if (isPicture(head)) return await this.#image(path);
      return await this.#audio(path, found.size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none('the file is gone');
      return none(`the file cannot be read (${(error as Error).message})`);
    }
  }

  async #audio(path: string, sizeBytes: number): Promise<EmbeddedMedia> {
    const { audioBytesMax, audioTotalBytesMax } = this.#bounds;
    if (sizeBytes > audioBytesMax) {
      return none(
        `${formatBytes(sizeBytes)} is more than the ${formatBytes(audioBytesMax)} that one recording may take`,
      );
    }
    if (this.#audioBytes + sizeBytes > audioTotalBytesMax) {
      return none(`the page has its ${formatBytes(audioTotalBytesMax)} of recordings already`);
    }
    const bytes = await readFile(path);
    const sniffed = bytes.length === 0 ? 'unknown' : await sniff(await ByteReader.open(bytes));
    if (sniffed === 'unknown' || sniffed === 'text') return none('neither a recording nor a picture');
    this.#audioBytes += bytes.length;
    return { kind: 'audio', src: `data:${AUDIO_TYPES[sniffed]};base64,${bytes.toString('base64')}` };
  }

  async #image(path: string): Promise<EmbeddedMedia> {
    // Loaded here: recordings are judged without any library for pictures.
    const { default: sharp } = await import('sharp');
    const { data, info } = await sharp(path, { limitInputPixels: IMAGE_PIXELS_MAX, failOn: 'error' })
      .rotate()
      .resize({ width: IMAGE_EDGE_PX, height: IMAGE_EDGE_PX, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#ffffff' })
      .webp({ quality: 72 })
      .toBuffer({ resolveWithObject: true });
    if (this.#imageBytes + data.length > this.#bounds.imageTotalBytesMax) {
      return none(`the page has its ${formatBytes(this.#bounds.imageTotalBytesMax)} of pictures already`);
    }
    this.#imageBytes += data.length;
    const src = `data:image/webp;base64,${data.toString('base64')}`;
    return { kind: 'image', src, width: info.width, height: info.height };
  }
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function none(why: string): EmbeddedMedia {
  return { kind: 'none', why };
}
