/** Small valid documents of every format, and seeded ways to break them. */
import sharp from 'sharp';
import { tiffBytes } from './image-bytes.ts';
import { pdfBytes, textContent } from './pdf-bytes.ts';

export async function smallDocuments(): Promise<Readonly<Record<string, Uint8Array>>> {
  const picture = () =>
    sharp({
      create: {
        width: 48,
        height: 40,
        channels: 3,
        background: '#fff',
        noise: { type: 'gaussian', mean: 128, sigma: 50 },
      },
    });
  const jpeg = await picture().jpeg().toBuffer();
  return {
    jpeg,
    'jpeg-exif': await picture()
      .withMetadata({ orientation: 6, density: 300 })
      .withIccProfile('srgb')
      .jpeg({ progressive: true })
      .toBuffer(),
    png: await picture().png({ palette: true }).toBuffer(),
    'png-16': await picture().toColourspace('rgb16').png({ progressive: true }).toBuffer(),
    webp: await picture().webp().toBuffer(),
    'webp-lossless': await picture().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
    tiff: await picture().tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer(),
    'tiff-jpeg': await picture().tiff({ compression: 'jpeg', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
    'tiff-fax': await picture()
      .toColourspace('b-w')
      .threshold()
      .tiff({ compression: 'ccittfax4', bitdepth: 1 })
      .toBuffer(),
    'tiff-pages': tiffBytes({ pages: 3, big: true }),
    gif: await picture().gif().toBuffer(),
    avif: await picture().avif({ effort: 0 }).toBuffer(),
    pdf: pdfBytes(
      [
        { content: `${textContent(['Some text', 'and more of it'])} q 99 0 0 99 9 9 cm /Im1 Do Q` },
        { content: '', rotate: 90 },
      ],
      {
        image: { jpeg, width: 48, height: 40 },
      },
    ),
  };
}

/** Numbers 0..1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** One to eight changes: bytes, runs of an extreme value, numbers of four bytes, pieces left out, doubled or moved. */
export function mutant(bytes: Uint8Array, random: () => number): Uint8Array {
  let broken = Buffer.from(bytes);
  const below = (bound: number) => Math.floor(random() * bound);
  // The first bytes stay, mostly: what is not recognized never comes to a decoder.
  const place = () => (random() < 0.5 ? below(broken.length) : 8 + below(Math.min(200, broken.length - 8)));
  for (let changes = 1 + below(8); changes > 0 && broken.length > 40; changes--) {
    const at = place();
    const length = 1 + below(16);
    switch (below(6)) {
      case 0:
        broken[at] = below(256);
        break;
      case 1:
        broken.fill(EXTREMES[below(EXTREMES.length)]!, at, Math.min(at + length, broken.length));
        break;
      case 2:
        broken.set(
          Buffer.from(Uint32Array.of(below(2) ? 2 ** 31 - 1 : below(2 ** 32)).buffer),
          Math.min(at, broken.length - 4),
        );
        break;
      case 3:
        broken = Buffer.concat([broken.subarray(0, at), broken.subarray(at + length)]);
        break;
      case 4:
        broken = Buffer.concat([broken.subarray(0, at + length), broken.subarray(at)]);
        break;
      default: {
        // A digit for a digit: in a PDF that is another number, not another word.
        const digit = broken.findIndex((byte, i) => i >= at && byte >= 0x30 && byte <= 0x39);
        if (digit >= 0) broken[digit] = 0x30 + below(10);
      }
    }
  }
  return broken;
}
