import { finishedLenBytes } from '../bytes/utf8-boundary.ts';

/**
 * The text as the language model sees it: in one script (about half of Whisper's Chinese comes out in Traditional
 * characters, and a model shown both judges script instead of sense), by a one-character table applied to finished
 * characters only, and without the space that a recognizer puts before the first word.
 */
export class LlmText {
  #table: ReadonlyMap<string, string>;
  #dropLeadingSpace: boolean;
  #encoder = new TextEncoder();
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(table: ReadonlyMap<string, string>, options: { dropLeadingSpace: boolean }) {
    this.#table = table;
    this.#dropLeadingSpace = options.dropLeadingSpace;
  }

  /** Bytes for the language model of the recognizer's `raw` bytes. */
  view(raw: Uint8Array): Uint8Array {
    const bytes = this.#dropLeadingSpace && raw[0] === 0x20 ? raw.subarray(1) : raw;
    if (this.#table.size === 0) return bytes;
    const finished = finishedLenBytes(bytes);
    const text = this.#decoder.decode(bytes.subarray(0, finished));
    let mapped = '';
    let changed = false;
    for (const character of text) {
      const other = this.#table.get(character);
      if (other !== undefined) changed = true;
      mapped += other ?? character;
    }
    if (!changed) return bytes;
    const head = this.#encoder.encode(mapped);
    const out = new Uint8Array(head.length + bytes.length - finished);
    out.set(head);
    out.set(bytes.subarray(finished), head.length);
    return out;
  }
}
