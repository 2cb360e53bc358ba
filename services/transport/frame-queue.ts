/**
 * Items that came in and wait for their one consumer. Bounded by the credit that the sender was granted: `taken` is
 * called as the consumer pulls an item, and that is when credit goes back.
 */
export class FrameQueue<T> implements AsyncIterable<T> {
  #taken: (bytes: number) => void;
  #items: { readonly item: T; readonly bytes: number }[] = [];
  #end: { readonly error: unknown } | 'done' | undefined;
  #waiting: (() => void) | undefined;

  constructor(taken: (bytes: number) => void) {
    this.#taken = taken;
  }

  /** True once no more items are taken in. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  push(item: T, bytes: number): void {
    if (this.ended) return;
    this.#items.push({ item, bytes });
    this.#wake();
  }

  /** No more items; those that wait are still delivered. */
  finish(): void {
    this.#end ??= 'done';
    this.#wake();
  }

  /** As finish, and then the consumer gets `error`. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** The consumer gets `error` at once; what waits is dropped. */
  abort(error: unknown): void {
    this.#items.length = 0;
    this.#end = { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const next = this.#items.shift();
      if (next !== undefined) {
        this.#taken(next.bytes);
        yield next.item;
      } else if (this.#end === 'done') {
        return;
      } else if (this.#end !== undefined) {
        throw this.#end.error;
      } else {
        await new Promise<void>((resolve) => {
          this.#waiting = resolve;
        });
      }
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}
