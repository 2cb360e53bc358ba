/**
 * Candidate merges of one run of text, best first: lower rank, then further left. A binary heap over two flat arrays;
 * `clear` keeps their memory for the next run.
 */
export class MergeQueue {
  #keys = new Float64Array(64);
  #ends = new Int32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
  }

  /**
   * Adds the merge of the symbol at byte `start` with its right neighbor, which ends at byte `end`.
   * @param rank below 2 ** 26, @param start below 2 ** 26
   */
  push(rank: number, start: number, end: number): void {
    if (this.#size === this.#keys.length) this.#grow();
    // One number orders by rank and then by place.
    const key = rank * 2 ** 26 + start;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#keys[parent]! <= key) break;
      this.#keys[at] = this.#keys[parent]!;
      this.#ends[at] = this.#ends[parent]!;
      at = parent;
    }
    this.#keys[at] = key;
    this.#ends[at] = end;
  }

  /** Byte where the best merge starts. */
  get start(): number {
    return this.#keys[0]! % 2 ** 26;
  }

  /** Byte where the best merge ends. */
  get end(): number {
    return this.#ends[0]!;
  }

  /** Removes the best merge. */
  pop(): void {
    const size = --this.#size;
    const key = this.#keys[size]!;
    const end = this.#ends[size]!;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#keys[child + 1]! < this.#keys[child]!) child++;
      if (this.#keys[child]! >= key) break;
      this.#keys[at] = this.#keys[child]!;
      this.#ends[at] = this.#ends[child]!;
      at = child;
    }
    this.#keys[at] = key;
    this.#ends[at] = end;
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    const ends = new Int32Array(this.#ends.length * 2);
    ends.set(this.#ends);
    this.#ends = ends;
  }
}
