/**
 * Length in bytes of the longest prefix of `bytes` that ends between characters. The rest, at most 3 bytes, is the
 * beginning of a character that is not finished yet. Bytes that can never become a character count as finished: nothing
 * that follows would repair them.
 */
export function finishedLenBytes(bytes: Uint8Array): number {
  const n = bytes.length;
  for (let back = 1; back <= 3 && back <= n; back++) {
    const byte = bytes[n - back]!;
    if (byte < 0x80) return n;
    if (byte < 0xc0) continue; // continuation byte: look further back for its lead
    return sequenceLenBytes(byte) > back && continues(bytes, n - back) ? n - back : n;
  }
  return n;
}

/** Length of the sequence that a lead byte announces; 1 for a byte that is no lead. */
function sequenceLenBytes(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 1;
}

/** False where the second byte already rules the character out (overlong forms, surrogates, beyond U+10FFFF). */
function continues(bytes: Uint8Array, lead: number): boolean {
  const second = bytes[lead + 1];
  if (second === undefined) return true;
  switch (bytes[lead]) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second <= 0x9f;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second <= 0x8f;
    default:
      return true;
  }
}
