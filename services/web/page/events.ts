/** Server-sent events out of a response body: the `data` of each event, parsed. Comments and other fields are passed over. */

/** An event that is longer than this is a fault of the server; a page of dense text has some hundred kilobytes. */
const EVENT_CHARS_MAX = 64 * 2 ** 20;

/** Cuts pieces of text, however they arrive, into the data of events. */
export class EventCutter {
  #rest = '';
  #data: string[] = [];
  #chars = 0;

  /** Data of the events that this piece completes. Throws RangeError where an event has no end. */
  add(piece: string): string[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop()!;
    const complete: string[] = [];
    for (const line of lines) {
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text === '') {
        if (this.#data.length > 0) complete.push(this.#data.join('\n'));
        this.#data = [];
        this.#chars = 0;
      } else if (text.startsWith('data:')) {
        const data = text.slice(text[5] === ' ' ? 6 : 5);
        this.#data.push(data);
        this.#chars += data.length;
      }
    }
    if (this.#chars + this.#rest.length > EVENT_CHARS_MAX) throw new RangeError('an event has no end');
    return complete;
  }
}

/** Parsed events, in order. Throws what the body throws, and SyntaxError for data that is no JSON. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void> {
  const cutter = new EventCutter();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
      for (const data of cutter.add(text)) yield JSON.parse(data);
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
