import assert from 'node:assert/strict';

/** Fewest slots of a pool: below this a call costs the same anyway. */
const SLOTS_MIN = 64;

/** Slots shown to a graph come in steps of this, so that it meets few shapes. */
const SHOWN_STEP = 32;

export interface KvPoolShape {
  readonly layers: number;
  /** Key/value heads. */
  readonly heads: number;
  /** Width of one head. */
  readonly dHead: number;
}

/**
 * The keys and values of the evaluated nodes of a hypothesis tree, owned by the host: per layer two arrays
 * `[heads, capacity, dHead]`. A slot holds one node in every layer. The lowest free slot is taken first, so that the same
 * calls give the same slots on every machine. The pool grows in powers of two, so that a graph meets few shapes.
 */
export class KvPool {
  readonly shape: KvPoolShape;
  readonly #slotsMin: number;
  #capacity: number;
  #used = 0;
  #lowestFree = 0;
  /** One past the highest slot in use. */
  #top = 0;
  #taken: Uint8Array;
  #keys: Float32Array[];
  #values: Float32Array[];

  constructor(shape: KvPoolShape, slotsMin = SLOTS_MIN) {
    assert(slotsMin > 0 && (slotsMin & (slotsMin - 1)) === 0, `slotsMin must be a power of two, got ${slotsMin}`);
    this.shape = shape;
    this.#slotsMin = slotsMin;
    this.#capacity = slotsMin;
    this.#taken = new Uint8Array(slotsMin);
    const length = shape.heads * slotsMin * shape.dHead;
    this.#keys = Array.from({ length: shape.layers }, () => new Float32Array(length));
    this.#values = Array.from({ length: shape.layers }, () => new Float32Array(length));
  }

  /** Slots of the arrays as they are now (the P of the graphs). */
  get capacity(): number {
    return this.#capacity;
  }

  /** Slots in use. */
  get used(): number {
    return this.#used;
  }

  /**
   * Slots that a graph needs to be shown: all up to the highest in use, rounded up to 32. With one head they lie at the
   * start of the arrays, so that a call can be fed fewer than all (`shownKeys`); with several heads it is the capacity.
   */
  get shownSlots(): number {
    if (this.shape.heads > 1) return this.#capacity;
    return Math.min(this.#capacity, Math.max(1, Math.ceil(this.#top / SHOWN_STEP)) * SHOWN_STEP);
  }

  /** Keys of a layer `[heads, shownSlots, dHead]`: valid until the next `take` or `shrink`; do not write to it. */
  shownKeys(layer: number): Float32Array {
    return this.#shown(this.#keys[layer]!);
  }

  /** Values of a layer, as `shownKeys`. */
  shownValues(layer: number): Float32Array {
    return this.#shown(this.#values[layer]!);
  }

  #shown(array: Float32Array): Float32Array {
    const length = this.shape.heads * this.shownSlots * this.shape.dHead;
    return length === array.length ? array : array.subarray(0, length);
  }

  /** Keys of a layer `[heads, capacity, dHead]`: valid until the next `take` or `shrink`; do not write to it. */
  keys(layer: number): Float32Array {
    return this.#keys[layer]!;
  }

  /** Values of a layer, as `keys`. */
  values(layer: number): Float32Array {
    return this.#values[layer]!;
  }

  isTaken(slot: number): boolean {
    return this.#taken[slot] === 1;
  }

  /** Takes `count` slots, lowest first, growing where needed. Fill each with `write` before a graph may see it. */
  take(count: number): Int32Array {
    let capacity = this.#capacity;
    while (capacity - this.#used < count) capacity *= 2;
    if (capacity !== this.#capacity) this.#resize(capacity);
    const slots = new Int32Array(count);
    let slot = this.#lowestFree;
    for (let i = 0; i < count; i++) {
      while (this.#taken[slot] === 1) slot++;
      this.#taken[slot] = 1;
      slots[i] = slot++;
    }
    this.#lowestFree = slot;
    this.#top = Math.max(this.#top, slot);
    this.#used += count;
    return slots;
  }

  /**
   * Stores node `node` of a call's outputs (per layer `[heads, nodes, dHead]`) at `slot`.
   * The arrays may be longer than heads * nodes * dHead.
   */
  write(
    slot: number,
    node: number,
    nodes: number,
    newKeys: readonly Float32Array[],
    newValues: readonly Float32Array[],
  ): void {
    assert(this.#taken[slot] === 1, `slot ${slot} is not taken`);
    assert(node >= 0 && node < nodes, `node ${node} of ${nodes}`);
    const { layers, heads, dHead } = this.shape;
    for (let layer = 0; layer < layers; layer++) {
      const keys = this.#keys[layer]!;
      const values = this.#values[layer]!;
      const newKey = newKeys[layer]!;
      const newValue = newValues[layer]!;
      for (let head = 0; head < heads; head++) {
        const from = (head * nodes + node) * dHead;
        const to = (head * this.#capacity + slot) * dHead;
        keys.set(newKey.subarray(from, from + dHead), to);
        values.set(newValue.subarray(from, from + dHead), to);
      }
    }
  }

  /** Gives a slot back. Its numbers stay until it is taken again: masks must hide it. */
  free(slot: number): void {
    assert(this.#taken[slot] === 1, `slot ${slot} is freed twice`);
    this.#taken[slot] = 0;
    this.#used--;
    if (slot < this.#lowestFree) this.#lowestFree = slot;
    while (this.#top > 0 && this.#taken[this.#top - 1] === 0) this.#top--;
  }

  /** Cuts the arrays to the smallest power of two that holds every slot in use. */
  shrink(): void {
    let capacity = this.#slotsMin;
    while (capacity < this.#top) capacity *= 2;
    if (capacity < this.#capacity) this.#resize(capacity);
  }

  #resize(capacity: number): void {
    const taken = new Uint8Array(capacity);
    taken.set(this.#taken.subarray(0, Math.min(capacity, this.#capacity)));
    this.#keys = this.#keys.map((array) => this.#resized(array, capacity));
    this.#values = this.#values.map((array) => this.#resized(array, capacity));
    this.#taken = taken;
    this.#capacity = capacity;
  }

  #resized(array: Float32Array, capacity: number): Float32Array {
    const { heads, dHead } = this.shape;
    const out = new Float32Array(heads * capacity * dHead);
    const slots = Math.min(capacity, this.#capacity);
    for (let head = 0; head < heads; head++) {
      const from = head * this.#capacity * dHead;
      out.set(array.subarray(from, from + slots * dHead), head * capacity * dHead);
    }
    return out;
  }
}
