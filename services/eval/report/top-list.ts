/** The first `capacity` of many by an order, in bounded memory: a heap whose root is the last of those that are kept. */
export class TopList<T> {
  readonly #capacity: number;
  readonly #compare: (a: T, b: T) => number;
  /** The root comes last by the order, so it is the one to give way. */
  readonly #heap: T[] = [];

  /** `compare` is below 0 where `a` comes before `b`; make it total, or equal ones are kept by their arrival. */
  constructor(capacity: number, compare: (a: T, b: T) => number) {
    this.#capacity = capacity;
    this.#compare = compare;
  }

  add(value: T): void {
    const heap = this.#heap;
    if (heap.length < this.#capacity) {
      heap.push(value);
      this.#rise(heap.length - 1);
    } else if (heap.length > 0 && this.#compare(value, heap[0]!) < 0) {
      heap[0] = value;
      this.#sink();
    }
  }

  /** Those that were kept, first by the order first. */
  sorted(): T[] {
    return [...this.#heap].sort(this.#compare);
  }

  #rise(at: number): void {
    const heap = this.#heap;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#compare(heap[at]!, heap[parent]!) <= 0) return;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0; ; ) {
      let last = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && this.#compare(heap[child]!, heap[last]!) > 0) last = child;
      }
      if (last === at) return;
      [heap[at], heap[last]] = [heap[last]!, heap[at]!];
      at = last;
    }
  }
}
