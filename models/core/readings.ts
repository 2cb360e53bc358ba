/** Whole readings of one stretch of speech, and what a language model makes of them. */
export interface ReadingList {
  /** ISO 639-1. */
  readonly language: string;
  /** What was said just before. */
  readonly previousText: string;
  /** At least one, in any order. `logProb`: the recognizer's, natural log. */
  readonly readings: readonly { readonly text: string; readonly logProb: number }[];
}

/**
 * Joint scores of both models (fusion/gfd/weights.ts) for the readings of a list, in its order: comparable with each other
 * and with nothing else. Null where no language model takes part. Throws AppError, and the signal's reason.
 */
export type WeighReadings = (list: ReadingList, signal?: AbortSignal) => Promise<readonly number[] | null>;
