/** Bounds of the metrics, each with its reason. */

/**
 * Units that the bootstrap draws. Beyond that many groups, groups are dealt at random into as many units: the width of an
 * interval is then estimated to 1.1% (the square root of 1 over twice as many), less than the 1.6% that 2,000 draws leave
 * open, and time and memory stop growing with the data.
 */
export const UNITS_MAX = 4096;

/** Named collections that get rows of their own; more would drown the table. Further ones count under `set=other`. */
export const SETS_MAX = 32;

/** Languages that get rows of their own. */
export const LANGUAGES_MAX = 32;

/** Error types with columns of their own. ERRANT has 54, ChERRANT 25; further ones count under `type=other`. */
export const TYPES_MAX = 100;

/** Latencies kept one by one; beyond, they are counted in steps of 0.1%. */
export const EXACT_DURATIONS_MAX = 65_536;

/** Bins of the calibration error (Guo et al. 2017 use 15). */
export const CALIBRATION_BINS = 15;

/** Cells of all line-against-line tables of one page: about 3 s. Pages beyond have no any-order rate. */
export const ANY_ORDER_CELLS_MAX = 2 ** 29;

/** Reference units times hypothesis units up to which the rates beside the main one are counted: about 10 s. */
export const SIDE_RATE_CELLS_MAX = 2 ** 32;

/** Product of lengths up to which letters and confidences are aligned: about 2 s. */
export const ALIGNED_CELLS_MAX = 2 ** 29;
