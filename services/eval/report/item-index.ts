/**
 * The index of an items.jsonl: for each judged item its system, its place and how wrong it is, 42 bytes in all, so that
 * a million of them can be ranked, paired over systems and read again without holding a text. Ids are kept as 64-bit
 * hashes; with a million ids two share one with a chance of 3 in 100 million, and who reads the lines sees the ids.
 */
import type { LinePlace } from './evaluation-files.ts';

export interface IdHash {
  readonly high: number;
  readonly low: number;
}

export interface IndexedItem extends LinePlace {
  readonly id: IdHash;
  /** Number of the system, below 65,536. */
  readonly system: number;
  readonly errors: number;
  /** Units of the reference. */
  readonly units: number;
}

const FIRST_CAPACITY = 1024;
/** Slots of the table per row: at most half are taken, so a search ends after a step or two. */
const SLOTS_PER_ROW = 2;

export class ItemIndex {
  #size = 0;
  #duplicates = 0;
  #high = new Uint32Array(FIRST_CAPACITY);
  #low = new Uint32Array(FIRST_CAPACITY);
  #system = new Uint16Array(FIRST_CAPACITY);
  #offset = new Float64Array(FIRST_CAPACITY);
  #lengthBytes = new Uint32Array(FIRST_CAPACITY);
  #lineNumber = new Uint32Array(FIRST_CAPACITY);
  #errors = new Float32Array(FIRST_CAPACITY);
  #units = new Float32Array(FIRST_CAPACITY);
  /** Row + 1 by hash of id and system, open addressing; 0 is free. */
  #slots = new Uint32Array(FIRST_CAPACITY * SLOTS_PER_ROW);

  get size(): number {
    return this.#size;
  }

  /** Pairs of id and system that came more than once. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Returns the row. A pair of id and system that is there already is replaced: what was written last holds. */
  add(item: IndexedItem): number {
    if (this.#size === this.#high.length) this.#grow();
    const slot = this.#slotOf(item.id, item.system);
    let row = this.#slots[slot]! - 1;
    if (row < 0) {
      row = this.#size++;
      this.#slots[slot] = row + 1;
    } else this.#duplicates++;
    this.#high[row] = item.id.high;
    this.#low[row] = item.id.low;
    this.#system[row] = item.system;
    this.#offset[row] = item.offset;
    this.#lengthBytes[row] = item.lengthBytes;
    this.#lineNumber[row] = item.lineNumber;
    this.#errors[row] = item.errors;
    this.#units[row] = item.units;
    return row;
  }

  /** Row of this id and system, -1 where there is none. */
  find(id: IdHash, system: number): number {
    return this.#slots[this.#slotOf(id, system)]! - 1;
  }

  id(row: number): IdHash {
    return { high: this.#high[row]!, low: this.#low[row]! };
  }

  /** Row of another system's judgment of the same item, -1 where there is none. */
  sibling(row: number, system: number): number {
    return this.find(this.id(row), system);
  }

  system(row: number): number {
    return this.#system[row]!;
  }

  errors(row: number): number {
    return this.#errors[row]!;
  }

  units(row: number): number {
    return this.#units[row]!;
  }

  place(row: number): LinePlace {
    return {
      offset: this.#offset[row]!,
      lengthBytes: this.#lengthBytes[row]!,
      lineNumber: this.#lineNumber[row]!,
    };
  }

  #slotOf(id: IdHash, system: number): number {
    const mask = this.#slots.length - 1;
    let slot = (id.low ^ Math.imul(id.high, 0x9e3779b1) ^ Math.imul(system + 1, 0x85ebca6b)) & mask;
    for (;;) {
      const row = this.#slots[slot]! - 1;
      if (row < 0) return slot;
      if (this.#low[row] === id.low && this.#high[row] === id.high && this.#system[row] === system) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const capacity = this.#high.length * 2;
    this.#high = enlarged(this.#high, new Uint32Array(capacity));
    this.#low = enlarged(this.#low, new Uint32Array(capacity));
    this.#system = enlarged(this.#system, new Uint16Array(capacity));
    this.#offset = enlarged(this.#offset, new Float64Array(capacity));
    this.#lengthBytes = enlarged(this.#lengthBytes, new Uint32Array(capacity));
    this.#lineNumber = enlarged(this.#lineNumber, new Uint32Array(capacity));
    this.#errors = enlarged(this.#errors, new Float32Array(capacity));
    this.#units = enlarged(this.#units, new Float32Array(capacity));
    this.#slots = new Uint32Array(capacity * SLOTS_PER_ROW);
    for (let row = 0; row < this.#size; row++) this.#slots[this.#slotOf(this.id(row), this.#system[row]!)] = row + 1;
  }
}

function enlarged<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Two lanes of multiply and mix over UTF-16 code units, then a finish that spreads the last ones. Not for secrets. */
export function hashText(text: string): IdHash {
  let high = 0x2545f491;
  let low = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x27d4eb2f);
    low = Math.imul(low ^ unit, 0x165667b1);
    high ^= low >>> 15;
  }
  return { high: spread(high ^ text.length), low: spread(low ^ (high >>> 7)) };
}

function spread(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return (value ^ (value >>> 16)) >>> 0;
}
