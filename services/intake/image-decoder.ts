import sharp, { type Metadata, type Sharp } from 'sharp';
import { AppError, type ErrorCode } from '../../models/core/app-error.ts';
import type { DocumentFormat } from '../../models/page-image/document-kind.ts';
import { listTiffPages } from '../../models/page-image/tiff-directories.ts';
import { FILE_PAGES_MAX, PAGE_SIDE_PX_MAX } from './limits.ts';
import type { DecodedPage, DecoderInput, PageDecoder } from './page-decoder.ts';
import { randomAccessBytes, randomAccessFile } from './random-access.ts';

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
  const pages = format === 'tiff' ? tiffPages(input) : [0];
  // Looks at the first page right away, so that a broken file fails when it is opened.
  const metadata = await describe(input, pages[0]!);
  if (metadata.format !== LIBVIPS_NAMES[format]) {
    throw new AppError('image_corrupt', `${name} begins like ${format} and is ${metadata.format}`);
  }
  return {
    pages: pages.length,
    decode: (index) => decodePage(input, pages[index]!),
    close: () => {},
  };
}

function tiffPages({ source, name }: DecoderInput): number[] {
  const access = 'path' in source ? randomAccessFile(source.path) : randomAccessBytes(source.bytes);
  try {
    return listTiffPages(access.readAt, { directoriesMax: FILE_PAGES_MAX, name }).map(({ directory }) => directory);
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

async function describe(input: DecoderInput, page: number): Promise<Metadata> {
  try {
    const metadata = await openSharp(input, page).metadata();
    checkSize(metadata, input);
    return metadata;
  } catch (error) {
    throw imageError(error, input);
  }
}

/** libvips checks the pixels as well, when it decodes; metadata alone it gives for any size. */
function checkSize({ width, height }: Metadata, { name, pixelsMax }: DecoderInput): void {
  const side = Math.max(width, height);
  if (width * height > pixelsMax || side > PAGE_SIDE_PX_MAX) {
    const bound = `at most ${pixelsMax} pixels and ${PAGE_SIDE_PX_MAX} a side`;
    throw new AppError('image_too_large', `${name} has ${width} x ${height} pixels (${bound})`);
  }
}

async function decodePage(input: DecoderInput, page: number): Promise<DecodedPage> {
  const metadata = await describe(input, page);
  try {
    const { data, info } = await openSharp(input, page)
      // Orientation first, and only by the file's own tag; afterwards there is none left to apply again.
      .autoOrient()
      .flatten({ background: '#ffffff' })
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

/** sRGB output has three channels; grey images of some kinds keep one. */
function threeChannels(data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[i * 3 + channel] = data[i * channels + (channels < 3 ? 0 : channel)]!;
    }
  }
  return rgb;
}

function dpiOf({ density }: Metadata): number | null {
  return density !== undefined && density >= DPI_MIN && density <= DPI_MAX ? density : null;
}

/** libvips has no codes: its words decide, and what it says about the file goes into the message, without paths. */
function imageError(error: unknown, { name, pageMsMax }: DecoderInput): AppError {
  if (error instanceof AppError) return error;
  const words = error instanceof Error ? error.message : String(error);
  const failed = (code: ErrorCode, message: string) => new AppError(code, message, { cause: error });
  if (/pixel limit|too large|dimension|exceeds/i.test(words)) {
    return failed('image_too_large', `${name} has more pixels than may be decoded`);
  }
  if (/^timeout|: timeout/i.test(words)) {
    return failed('document_timeout', `A page of ${name} took longer than ${pageMsMax} ms to decode`);
  }
  if (/memory|malloc/i.test(words)) return failed('document_too_heavy', `${name} needs too much memory to decode`);
  const said = words.split('\n')[0]!.replace(/(?:\/|[a-z]:\\)\S+/gi, 'the file');
  return failed('image_corrupt', `${name} cannot be decoded (${said})`);
}
