/**
 * Which utterance of a replay is which of those that were open when a live stream lost its process. Whoever tells the caller
 * of them and whoever hears them must agree on it, so the rule is here.
 */
export class ReplayedUtterances<T extends { readonly endS?: number | undefined }> {
  readonly #open: T[];

  /** @param open in order */
  constructor(open: readonly T[]) {
    this.#open = [...open];
  }

  /**
   * The one that an utterance goes on with which begins at `startS`, by the clock of their ends: the first that none goes on
   * with yet and that had not ended by then. To be asked once per utterance, in order.
   */
  take(startS: number): T | undefined {
    let next = this.#open.shift();
    while (next?.endS !== undefined && next.endS <= startS) next = this.#open.shift();
    return next;
  }
}
