import type { LiveEvent } from '../core/live.ts';

/**
 * Events on their way to a reader. A reader that is slow misses partials and measurements of lag that newer ones have
 * overtaken; all other events wait for it, and there are few of them per utterance.
 */
export class LiveEvents implements AsyncIterable<LiveEvent> {
  #items: LiveEvent[] = [];
  #end: { readonly error: unknown } | 'done' | undefined;
  #wake: (() => void) | undefined;

  push(event: LiveEvent): void {
    if (this.#end !== undefined) return;
    if (event.kind === 'partial' || event.kind === 'lag') {
      this.#items = this.#items.filter((old) => old.kind !== event.kind || isOfAnother(old, event));
    }
    this.#items.push(event);
    this.#wake?.();
  }

  /** No more events; those that wait are still delivered. */
  finish(): void {
    this.#end ??= 'done';
    this.#wake?.();
  }

  /** The reader gets `error` at once. */
  fail(error: unknown): void {
    this.#items = [];
    this.#end = { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveEvent, void> {
    for (;;) {
      const next = this.#items.shift();
      if (next !== undefined) yield next;
      else if (this.#end === 'done') return;
      else if (this.#end !== undefined) throw this.#end.error;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}

function isOfAnother(old: LiveEvent, event: LiveEvent): boolean {
  return old.kind === 'partial' && event.kind === 'partial' && old.utterance !== event.utterance;
}
