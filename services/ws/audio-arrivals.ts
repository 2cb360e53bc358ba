import { ARRIVALS_STEP_S, ARRIVALS_WINDOW_S } from './limits.ts';

/**
 * When each place of a live stream's audio had come, so that the delay of a text is counted from what was said, not from when
 * somebody looked at it. Bounded: the newest part of the audio, in steps.
 */
export class AudioArrivals {
  /** In both growing. */
  readonly #entries: { toS: number; ms: number }[] = [];

  /** The audio up to `toS` has come by now. */
  add(toS: number, nowMs: number): void {
    const entries = this.#entries;
    const before = entries.at(-2)?.toS ?? 0;
    if (entries.length > 0 && toS - before < ARRIVALS_STEP_S) entries[entries.length - 1] = { toS, ms: nowMs };
    else entries.push({ toS, ms: nowMs });
    while (entries.length > 1 && entries[0]!.toS < toS - ARRIVALS_WINDOW_S) entries.shift();
  }

  /** Undefined: nothing has come, or it is too long ago. A place beyond the end counts as the end. */
  at(atS: number): number | undefined {
    const entries = this.#entries;
    const last = entries.at(-1);
    if (last === undefined || atS < last.toS - ARRIVALS_WINDOW_S) return undefined;
    let low = 0;
    let high = entries.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle]!.toS >= atS) high = middle;
      else low = middle + 1;
    }
    return entries[low]!.ms;
  }
}
