/**
 * A text that only grows, as clients of streams add it up: spaces at its start are left out, those at its end wait until
 * more comes, so that the sum of all pieces is the trimmed whole.
 */
export class GrowingText {
  #held = '';
  #started = false;

  /** What is new of it; may be empty. */
  add(piece: string): string {
    const text = this.#started ? this.#held + piece : piece.trimStart();
    const kept = text.trimEnd();
    this.#held = text.slice(kept.length);
    if (kept !== '') this.#started = true;
    return kept;
  }
}
