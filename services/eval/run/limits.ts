/** Bounds of an evaluation, each with its reason. */

/** One result: a book read aloud, with the probability of every word, takes a few megabytes. */
export const JOURNAL_LINE_BYTES_MAX = 64 * 2 ** 20;

/** One hypothesis: as one result, without what the judging adds. */
export const HYPOTHESIS_LINE_BYTES_MAX = 16 * 2 ** 20;

/** Hypotheses of one file: their ids stay in memory, at about 100 bytes each; four million are 400 MB. */
export const HYPOTHESES_MAX = 4_000_000;

/** Systems of one run: a table of more cannot be read, and every one runs over every item. */
export const SYSTEMS_MAX = 64;

/** Files whose content is hashed rather than their size and time: above this the reading takes longer than a minute. */
export const HASHED_BYTES_MAX = 4 * 2 ** 30;

/** Files of a data folder that are looked at for the fingerprint; a folder of more is rather a disk than a data set. */
export const DATA_FILES_MAX = 2_000_000;

/** Bootstrap draws: the ends of an interval gain nothing beyond 100,000, and the time is draws times units. */
export const DRAWS_MAX = 100_000;

/** Failed items that results on the terminal name; all of them are in items.jsonl. */
export const FAILURES_SHOWN_MAX = 20;

/** Bytes of hypotheses that the language model reads together: each row holds a vocabulary of logits, 0.4 MB. */
export const RESCORE_BYTES_MAX = 1_000;
