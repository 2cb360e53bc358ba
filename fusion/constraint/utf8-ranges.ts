/** Bytes lo .. hi, both included. */
export type ByteRange = readonly [number, number];

/** Code points below which UTF-8 takes 1, 2, 3 and 4 bytes. */
const LENGTH_LIMITS = [0x80, 0x800, 0x10000, 0x110000] as const;
const SURROGATE_FIRST = 0xd800;
const SURROGATE_LAST = 0xdfff;

/**
 * The UTF-8 of code points `first` .. `last` as alternatives, each a sequence of byte ranges. A range is cut where the
 * number of bytes changes, and where the continuation bytes do not run through all of their values.
 */
export function utf8Ranges(first: number, last: number): ByteRange[][] {
  if (first > last) return [];
  if (first <= SURROGATE_LAST && last >= SURROGATE_FIRST) {
    return [...utf8Ranges(first, SURROGATE_FIRST - 1), ...utf8Ranges(SURROGATE_LAST + 1, last)];
  }
  const limit = LENGTH_LIMITS.find((each) => first < each)!;
  if (last >= limit) return [...utf8Ranges(first, limit - 1), ...utf8Ranges(limit, last)];
  const length = LENGTH_LIMITS.indexOf(limit) + 1;
  for (let bits = 6; bits < 6 * length; bits += 6) {
    const block = 2 ** bits;
    const firstBlock = Math.floor(first / block);
    const lastBlock = Math.floor(last / block);
    if (firstBlock === lastBlock) continue;
    if (first % block !== 0) {
      const cut = (firstBlock + 1) * block;
      return [...utf8Ranges(first, cut - 1), ...utf8Ranges(cut, last)];
    }
    if ((last + 1) % block !== 0) {
      const cut = lastBlock * block;
      return [...utf8Ranges(first, cut - 1), ...utf8Ranges(cut, last)];
    }
  }
  const low = encode(first, length);
  const high = encode(last, length);
  return [low.map((byte, i): ByteRange => [byte, high[i]!])];
}

function encode(point: number, length: number): number[] {
  if (length === 1) return [point];
  const bytes: number[] = [];
  for (let i = 1; i < length; i++) {
    bytes.unshift(0x80 | (point & 0x3f));
    point >>= 6;
  }
  return [((0xf00 >> length) & 0xff) | point, ...bytes];
}
