/**
 * The last seconds of what was recorded, by sample number, so that a stream which broke can be sent again from where the
 * service stopped hearing.
 */
export class AudioRing {
  readonly #samples: Int16Array;
  /** Number of the next sample, from the start of the recording. */
  #end = 0;

  constructor(capacitySamples: number) {
    this.#samples = new Int16Array(capacitySamples);
  }

  get end(): number {
    return this.#end;
  }

  /** Number of the oldest sample that is still here. */
  get start(): number {
    return Math.max(0, this.#end - this.#samples.length);
  }

  add(samples: Int16Array): void {
    const size = this.#samples.length;
    const kept = samples.length > size ? samples.subarray(samples.length - size) : samples;
    this.#end += samples.length - kept.length;
    const at = this.#end % size;
    const first = kept.subarray(0, size - at);
    this.#samples.set(first, at);
    this.#samples.set(kept.subarray(first.length), 0);
    this.#end += kept.length;
  }

  /** Samples from `from` to the end, as a copy; what is no longer here is left out at the front. */
  since(from: number): Int16Array<ArrayBuffer> {
    const first = Math.min(Math.max(from, this.start), this.#end);
    const out = new Int16Array(this.#end - first);
    const size = this.#samples.length;
    const at = first % size;
    const head = this.#samples.subarray(at, Math.min(size, at + out.length));
    out.set(head);
    out.set(this.#samples.subarray(0, out.length - head.length), head.length);
    return out;
  }
}
