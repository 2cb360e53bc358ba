/** How far confidence can be believed: expected calibration error over bins of equal width. */
import { CALIBRATION_BINS } from './limits.ts';

export interface CalibrationBin {
  /** low <= confidence < high; the last bin holds 1 as well. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean confidence and share of right words; NaN in an empty bin. */
  readonly confidence: number;
  readonly accuracy: number;
}

export class Calibration {
  readonly #count = new Float64Array(CALIBRATION_BINS);
  readonly #confidence = new Float64Array(CALIBRATION_BINS);
  readonly #right = new Float64Array(CALIBRATION_BINS);

  /** `confidence`: 0..1. */
  add(confidence: number, right: 0 | 1): void {
    const bin = Math.min(CALIBRATION_BINS - 1, Math.max(0, Math.floor(confidence * CALIBRATION_BINS)));
    this.#count[bin]! += 1;
    this.#confidence[bin]! += confidence;
    this.#right[bin]! += right;
  }

  get count(): number {
    return this.#count.reduce((sum, count) => sum + count, 0);
  }

  bins(): CalibrationBin[] {
    return Array.from(this.#count, (count, i) => ({
      low: i / CALIBRATION_BINS,
      high: (i + 1) / CALIBRATION_BINS,
      count,
      confidence: this.#confidence[i]! / count,
      accuracy: this.#right[i]! / count,
    }));
  }

  /**
   * Sum over bins of (count / all) * |accuracy - confidence| (Guo et al., "On calibration of modern neural networks",
   * ICML 2017, equation 3). NaN without words.
   */
  error(): number {
    let gap = 0;
    for (let i = 0; i < CALIBRATION_BINS; i++) gap += Math.abs(this.#right[i]! - this.#confidence[i]!);
    return gap / this.count;
  }
}
