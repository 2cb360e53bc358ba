import assert from 'node:assert/strict';

/**
 * The stretch of a recording that is still needed. Positions are samples from the start of the recording; what lies
 * before `start` is gone.
 */
export class SampleBuffer {
  #samples = new Float32Array(1 << 16);
  #start = 0;
  #end = 0;

  /** First sample that is still here. */
  get start(): number {
    return this.#start;
  }

  /** One past the last sample that came in. */
  get end(): number {
    return this.#end;
  }

  append(samples: Float32Array): void {
    const held = this.#end - this.#start;
    if (held + samples.length > this.#samples.length) {
      let capacity = this.#samples.length;
      while (capacity < held + samples.length) capacity *= 2;
      const grown = new Float32Array(capacity);
      grown.set(this.#samples.subarray(0, held));
      this.#samples = grown;
    }
    this.#samples.set(samples, held);
    this.#end += samples.length;
  }

  /** Samples from..to: a view, valid until the next `append` or `dropBefore`. */
  slice(from: number, to: number): Float32Array {
    assert(from >= this.#start && to <= this.#end && from <= to, `samples ${from}..${to} are not here`);
    return this.#samples.subarray(from - this.#start, to - this.#start);
  }

  dropBefore(position: number): void {
    const drop = Math.min(position, this.#end) - this.#start;
    if (drop <= 0) return;
    this.#samples.copyWithin(0, drop, this.#end - this.#start);
    this.#start += drop;
  }
}
