import { LOG_CHARS_MAX, LOG_EVENTS_MAX } from './limits.ts';

export interface LoggedEvent {
  readonly seq: number;
  readonly text: string;
}

interface Entry extends LoggedEvent {
  /** An event of the same key replaces this one; null: it stays. */
  readonly key: string | null;
}

/**
 * The events of a session, for connections that come back and for readers that lag: both read on from a number. Events
 * that newer ones replace are dropped; of the others, the oldest, beyond the bounds.
 */
export class EventLog {
  readonly #eventsMax: number;
  readonly #charsMax: number;
  #entries: Entry[] = [];
  #chars = 0;
  #lostTo = 0;
  #lastSeq = 0;

  constructor({ eventsMax = LOG_EVENTS_MAX, charsMax = LOG_CHARS_MAX } = {}) {
    this.#eventsMax = eventsMax;
    this.#charsMax = charsMax;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** `key`: what this event may be replaced by; `replaces`: what it replaces. */
  push(
    seq: number,
    text: string,
    { key, replaces }: { readonly key: string | null; readonly replaces: string | null },
  ): void {
    if (replaces !== null) {
      const old = this.#entries.findLastIndex((entry) => entry.key === replaces);
      if (old >= 0) this.#chars -= this.#entries.splice(old, 1)[0]!.text.length;
    }
    this.#entries.push({ seq, text, key });
    this.#chars += text.length;
    this.#lastSeq = seq;
    while (this.#entries.length > this.#eventsMax || (this.#chars > this.#charsMax && this.#entries.length > 1)) {
      const oldest = this.#entries.shift()!;
      this.#chars -= oldest.text.length;
      this.#lostTo = oldest.seq;
    }
  }

  /** False where events after `seq` are gone, or it is none of ours. */
  holdsAfter(seq: number): boolean {
    return seq >= this.#lostTo && seq <= this.#lastSeq;
  }

  /** The first event after `seq`; undefined where there is none. */
  after(seq: number): LoggedEvent | undefined {
    // Readers are nearly always at the end.
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle]!.seq > seq) high = middle;
      else low = middle + 1;
    }
    return this.#entries[low];
  }
}
