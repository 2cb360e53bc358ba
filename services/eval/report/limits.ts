/** Bounds of the report and the comparison, each with its reason. */

/** `results.json` holds metric rows, not items; a hundred systems of a hundred slices stay far below this. */
export const RESULTS_BYTES_MAX = 64 * 2 ** 20;

/** One line of `items.jsonl`: a book page with two readings and its confidences fits; a file that is no such list does not. */
export const ITEM_LINE_BYTES_MAX = 8 * 2 ** 20;

/** Judged items of one evaluation, all systems together. The index keeps 42 bytes for each: 210 MB at this bound. */
export const ITEM_LINES_MAX = 5_000_000;

/** Systems of one evaluation: each has its heaps and bins, and nobody reads a table of more columns. */
export const SYSTEMS_MAX = 64;

/** Names of stages, edit types and measures that are kept apart; the rest counts as "other", so that memory is bounded. */
export const KINDS_MAX = 128;

/** Items shown for each system and reason (worst by errors, worst by rate, better, worse) when nobody says otherwise. */
export const SHOWN_ITEMS_DEFAULT = 12;

/** Most items shown for each system and reason: 200 cards already make a page that scrolls badly on a phone. */
export const SHOWN_ITEMS_MAX = 200;

/** Systems in one plot: more lines than there are colors that color-blind readers can tell apart say nothing. */
export const PLOTTED_SYSTEMS_MAX = 8;

/** Types of edits in one plot, most frequent first; a standard English type set has some 25, the tail has few edits. */
export const PLOTTED_TYPES_MAX = 12;

/** One embedded recording, in bytes of its file: 90 seconds of 16 kHz PCM. Longer ones are better opened by their path. */
export const AUDIO_BYTES_MAX = 3 * 2 ** 20;

/** All embedded recordings of a page: with base64 a third more, still a page that a browser opens at once and mail carries not. */
export const AUDIO_TOTAL_BYTES_MAX = 32 * 2 ** 20;

/** Pixels of a picture before it is scaled down: an A3 page at 600 dpi; decoding takes 4 bytes for each. */
export const IMAGE_PIXELS_MAX = 100_000_000;

/** Longest side of an embedded picture, pixels: body text of a page can still be read when opened at full size. */
export const IMAGE_EDGE_PX = 1400;

/** All embedded pictures of a page; one scaled page takes 50 to 300 KB. */
export const IMAGE_TOTAL_BYTES_MAX = 24 * 2 ** 20;

/** Cells of one alignment for showing (2,000 by 2,000 characters, a full page): 4 MB and some 30 ms. */
export const DIFF_CELLS_MAX = 4_000_000;

/** Units of an unchanged stretch that are shown at each end before the middle is folded away. */
export const DIFF_CONTEXT_UNITS = 24;

/** Characters of a text as the system wrote it; a whole page is shown, an endless repetition is cut. */
export const RAW_CHARS_MAX = 4000;

/** Changes (from, to) listed for one item and system; beyond it they are only counted. */
export const CHANGES_MAX = 40;

/** Items that stand on one side of a comparison only, and are named; beyond it they are only counted. */
export const UNPAIRED_NAMED_MAX = 20;

/** Units times draws of one bootstrap: 2,000 draws over 100,000 groups, two seconds. Beyond it fewer draws are taken. */
export const BOOTSTRAP_PICKS_MAX = 200_000_000;

/** Fewest draws of a bootstrap, however many groups: the ends of the interval then move by some 6% of its width. */
export const BOOTSTRAP_DRAWS_MIN = 200;

/** Items of one page, over all systems and reasons: with 64 systems the worst of each would make thousands of cards. */
export const CARDS_MAX = 400;

/** Lines of the items that a page shows, in bytes, all together: what is read into memory for it at once. */
export const CARDS_BYTES_MAX = 64 * 2 ** 20;
