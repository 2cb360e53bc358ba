import sharp, { type Metadata, type Sharp } from 'sharp';
import { AppError, type ErrorCode } from '../../models/core/app-error.ts';
import { onBackground } from '../../models/page-image/background.ts';
import type { DocumentFormat } from '../../models/page-image/document-kind.ts';
import { leaveOnlyPage, listTiffPages } from '../../models/page-image/tiff-directories.ts';
import { FILE_PAGES_MAX, PAGE_SIDE_PX_MAX } from './limits.ts';
import type { DecodedPage, DecoderInput, PageDecoder } from './page-decoder.ts';
import { type RandomAccess, randomAccessBytes, randomAccessFile } from './random-access.ts';

type ImageFormat = Exclude<DocumentFormat, 'pdf'>;

/** The loaders of libvips that may run; every other one is blocked, whatever a file pretends to be. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Tiff', 'Nsgif', 'Heif'];
/** What libvips calls the formats: AVIF is a HEIF file to it, and its HEVC decoder is not in the build. */
const LIBVIPS_NAMES: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  tiff: 'tiff',
  gif: 'gif',
  avif: 'heif',
};
/** Resolutions outside of this are fillers and slips of units, not scanners. */
const DPI_MIN = 30;
const DPI_MAX = 4800;

/** TIFF files up to this size are read into memory where they have several pages (see leaveOnlyPage). */
const TIFF_IN_MEMORY_BYTES_MAX = 128 * 1024 * 1024;
/** A GIF begins with its version (6 bytes) and the two sides of its canvas (2 bytes each). */
const GIF_SIZE_END = 10;

/** Once per process, before the first image. */
export function prepareImageLibrary(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: LOADERS.flatMap((name) => [`VipsForeignLoad${name}File`, `VipsForeignLoad${name}Buffer`]),
  });
  sharp.cache(false);
  // The owner runs as many decoders as it wants cores busy.
  sharp.concurrency(1);
}

/** Opens an image of a format that its first bytes gave. Throws AppError image_corrupt, image_too_large and others. */
export async function openImage(format: ImageFormat, input: DecoderInput): Promise<PageDecoder> {
  const { name } = input;
  if (format === 'gif') checkGifCanvas(input);
  const pages = format === 'tiff' ? tiffPages(input) : [{ input, page: 0 }];
  // Looks at the first page right away, so that a broken file fails when it is opened.
  const metadata = await describe(pages[0]!);
  if (metadata.format !== LIBVIPS_NAMES[format]) {
    throw new AppError('image_corrupt', `${name} begins like ${format} and is ${metadata.format}`);
  }
  return {
    pages: pages.length,
    decode: (index) => decodePage(pages[index]!),
    close: () => {},
  };
}

/** What a decoder is to look at; `prepare` is called before each look. */
interface PageLook {
  readonly input: DecoderInput;
  readonly page: number;
  readonly prepare?: () => void;
}

function tiffPages(input: DecoderInput): PageLook[] {
  return withAccess(input, (access) => {
    const { name } = input;
    const pages = listTiffPages(access.readAt, { directoriesMax: FILE_PAGES_MAX, name });
    if (pages.length === 1 || access.lengthBytes > TIFF_IN_MEMORY_BYTES_MAX) {
      return pages.map(({ directory }) => ({ input, page: directory }));
    }
    const bytes = access.readAt(0, access.lengthBytes);
    const inMemory: DecoderInput = { ...input, source: { bytes } };
    return pages.map((page) => ({ input: inMemory, page: 0, prepare: () => leaveOnlyPage(bytes, page) }));
  });
}

/** libvips takes the first frame's size where the canvas is absurd; whoever sends such a file is told so instead. */
function checkGifCanvas(input: DecoderInput): void {
  const head = withAccess(input, (access) => access.readAt(0, GIF_SIZE_END));
  if (head.length < GIF_SIZE_END) throw new AppError('image_corrupt', `${input.name} ends early`);
  const side = (at: number) => head[at]! + head[at + 1]! * 256;
  checkSize({ width: side(GIF_SIZE_END - 4), height: side(GIF_SIZE_END - 2) }, input);
}

function withAccess<T>({ source }: DecoderInput, use: (access: RandomAccess) => T): T {
  const access = 'path' in source ? randomAccessFile(source.path) : randomAccessBytes(source.bytes);
  try {
    return use(access);
  } finally {
    access.close();
  }
}

function openSharp({ source, pixelsMax }: DecoderInput, page: number): Sharp {
  return sharp('path' in source ? source.path : source.bytes, {
    page,
    pages: 1,
    limitInputPixels: pixelsMax,
    // Warnings are common in files that every viewer shows; what is cut off or broken is not.
    failOn: 'error',
    sequentialRead: true,
  });
}

async function describe({ input, page, prepare }: PageLook): Promise<Metadata> {
  try {
    prepare?.();
    const metadata = await openSharp(input, page).metadata();
    checkSize(metadata, input);
    return metadata;
  } catch (error) {
    throw imageError(error, input);
  }
}

/** libvips checks the pixels as well, when it decodes; metadata alone it gives for any size. */
function checkSize({ width, height }: Pick<Metadata, 'width' | 'height'>, { name, pixelsMax }: DecoderInput): void {
  const side = Math.max(width, height);
  if (width * height > pixelsMax || side > PAGE_SIDE_PX_MAX) {
    const bound = `at most ${pixelsMax} pixels and ${PAGE_SIDE_PX_MAX} a side`;
    throw new AppError('image_too_large', `${name} has ${width} x ${height} pixels (${bound})`);
  }
}

async function decodePage(look: PageLook): Promise<DecodedPage> {
  const metadata = await describe(look);
  const { input, page } = look;
  try {
    const { data, info } = await openSharp(input, page)
      // Orientation first, and only by the file's own tag; afterwards there is none left to apply again.
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .timeout({ seconds: Math.max(1, Math.ceil(input.pageMsMax / 1000)) })
      .toBuffer({ resolveWithObject: true });
    const raster = { width: info.width, height: info.height, rgb: threeChannels(data, info.channels) };
    return { raster, dpi: dpiOf(metadata), textLayer: null, release: () => {} };
  } catch (error) {
    throw imageError(error, input);
  }
}

/** sRGB output has three channels, and a fourth for transparency; grey images of some kinds keep one, or two. */
function threeChannels(data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return data;
  if (channels === 4) return onBackground(data);
  const pixels = data.length / channels;
  const rgba = new Uint8Array(pixels * 4);
  for (let i = 0; i < pixels; i++) {
    rgba.fill(data[i * channels]!, i * 4, i * 4 + 3);
    rgba[i * 4 + 3] = channels === 1 ? 255 : data[i * channels + 1]!;
  }
  return onBackground(rgba);
}

function dpiOf({ density }: Metadata): number | null {
  return density !== undefined && density >= DPI_MIN && density <= DPI_MAX ? density : null;
}

/** libvips has no codes: its words decide, and what it says about the file goes into the message, without paths. */
function imageError(error: unknown, { name, pixelsMax, pageMsMax }: DecoderInput): AppError {
  if (error instanceof AppError) return error;
  const words = error instanceof Error ? error.message : String(error);
  const failed = (code: ErrorCode, message: string) => new AppError(code, message, { cause: error });
  if (/exceeds pixel limit|too large/i.test(words)) {
    return failed('image_too_large', `${name} has more than ${pixelsMax} pixels`);
  }
  if (/^timeout|: timeout/i.test(words)) {
    return failed('document_timeout', `A page of ${name} took longer than ${pageMsMax} ms to decode`);
  }
  if (/out of memory|cannot allocate|failed to allocate/i.test(words))
    return failed('document_too_heavy', `${name} needs too much memory to decode`);
  // Several lines tell how a loader came to give up; the last one with words is the reason.
  const lines = words.split('\n').filter((line) => /[a-z]{3}/i.test(line));
  const said = (lines.at(-1) ?? words).trim().replace(/(?:\/|[a-z]:\\)\S+/gi, 'the file');
  const why = /unknown error/i.test(said) ? '' : ` (${said})`;
  return failed('image_corrupt', `${name} cannot be decoded${why}`);
}
