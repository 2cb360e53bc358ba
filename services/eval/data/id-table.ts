/**
 * Which ids of a list were seen, and on which line, in bounded memory: a 64-bit hash and a line number per id (12 bytes, in
 * a table at most two thirds full, so 18 to 36). Two different ids of ten million share a hash with a chance of about 3 in a
 * million; the ids themselves, at 50 bytes and an object each, would take a gigabyte.
 */
import { ITEMS_MAX } from './limits.ts';

const INITIAL_SLOTS = 1024;

export class IdTable {
  readonly #countMax: number;
  /** Slot i: hash in [2i], [2i + 1]; line 0 is a free slot. */
  #hashes = new Uint32Array(2 * INITIAL_SLOTS);
  #lines = new Uint32Array(INITIAL_SLOTS);
  #count = 0;

  constructor(countMax = ITEMS_MAX) {
    this.#countMax = countMax;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#hashes.byteLength + this.#lines.byteLength;
  }

  /** The line that has this id already, 0 where it is new. `line` from 1. Throws a RangeError beyond the limit. */
  add(id: string, line: number): number {
    if (this.#count >= this.#countMax) throw new RangeError(`more than ${this.#countMax} ids`);
    if (3 * (this.#count + 1) > 2 * this.#lines.length) this.#grow();
    const [low, high] = hash64(id);
    const slot = this.#slotOf(low, high);
    if (this.#lines[slot] !== 0) return this.#lines[slot]!;
    this.#put(slot, low, high, line);
    this.#count++;
    return 0;
  }

  /** Where the hash is, or the free slot where it belongs: linear probing. */
  #slotOf(low: number, high: number): number {
    const mask = this.#lines.length - 1;
    let slot = low & mask;
    while (this.#lines[slot] !== 0 && (this.#hashes[2 * slot] !== low || this.#hashes[2 * slot + 1] !== high)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #put(slot: number, low: number, high: number, line: number): void {
    this.#hashes[2 * slot] = low;
    this.#hashes[2 * slot + 1] = high;
    this.#lines[slot] = line;
  }

  #grow(): void {
    const [hashes, lines] = [this.#hashes, this.#lines];
    this.#hashes = new Uint32Array(2 * hashes.length);
    this.#lines = new Uint32Array(2 * lines.length);
    for (let i = 0; i < lines.length; i++) {
      if (lines[i] === 0) continue;
      const [low, high] = [hashes[2 * i]!, hashes[2 * i + 1]!];
      this.#put(this.#slotOf(low, high), low, high, lines[i]!);
    }
  }
}

/** Two multiplicative hashes of the UTF-16 units with different odd factors, each finished by xor shifts. */
function hash64(text: string): readonly [low: number, high: number] {
  let low = 0x811c9dc5;
  let high = 0x2f0b4f27;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ unit, 0x5bd1e995);
    high ^= high >>> 13;
  }
  return [finish(low ^ text.length), finish(high)];
}

function finish(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
