/** FNV-1a over bytes start .. end - 1, as an unsigned 32-bit number. */
export function hashSpan(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  // The low bits of FNV are weak for short spans; fold the high ones in, since tables mask by low bits.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Hash of a pair of code points. */
export function hashPair(first: number, second: number): number {
  const hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Slots of an open-addressing table for `count` entries: a power of two, at most half full. */
export function tableSlots(count: number): number {
  let slots = 16;
  while (slots < count * 2) slots *= 2;
  return slots;
}

/** Length of the UTF-8 character at `at`, or 1 for a byte that begins none (RFC 3629: no overlong forms, no surrogates). */
export function charLenBytes(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0xc2) return 1;
  const second = bytes[at + 1]!;
  if (at + 1 >= bytes.length || (second & 0xc0) !== 0x80) return 1;
  if (lead < 0xe0) return 2;
  if (at + 2 >= bytes.length || (bytes[at + 2]! & 0xc0) !== 0x80) return 1;
  if (lead < 0xf0) {
    if (lead === 0xe0 && second < 0xa0) return 1;
    if (lead === 0xed && second > 0x9f) return 1;
    return 3;
  }
  if (at + 3 >= bytes.length || (bytes[at + 3]! & 0xc0) !== 0x80) return 1;
  if (lead > 0xf4 || (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 1;
  return 4;
}

/** Code point of the whole character at `at` of `length` bytes; a lone byte above 0x7f is given as 0x110000 + byte. */
export function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  const lead = bytes[at]!;
  if (length === 1) return lead < 0x80 ? lead : 0x110000 + lead;
  if (length === 2) return ((lead & 0x1f) << 6) | (bytes[at + 1]! & 0x3f);
  if (length === 3) return ((lead & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f);
  const high = ((lead & 0x07) << 18) | ((bytes[at + 1]! & 0x3f) << 12);
  return high | ((bytes[at + 2]! & 0x3f) << 6) | (bytes[at + 3]! & 0x3f);
}
