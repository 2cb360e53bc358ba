/** Apart from the contracts, which a browser reads as well. */
import { createHash } from 'node:crypto';
import type { Alphabet } from './stepwise.ts';

/**
 * Hash that names an alphabet: SHA-256 (hex) over all tokens in order of id, each as the length of its bytes (unsigned
 * 16 bit, little endian) followed by the bytes.
 */
export function alphabetHash(alphabet: Pick<Alphabet, 'size' | 'bytesOf'>): string {
  const hash = createHash('sha256');
  for (let id = 0; id < alphabet.size; id++) {
    const bytes = alphabet.bytesOf(id);
    hash.update(new Uint8Array([bytes.length & 255, bytes.length >> 8]));
    hash.update(bytes);
  }
  return hash.digest('hex');
}
