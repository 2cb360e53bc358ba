import { deflateSync } from 'node:zlib';

/** Bytes of UTF-8 per byte of zlib (level 6, as the reference): above 2.4 a text repeats itself. 0 for no text. */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length;
}
