/** Bounds of the readers of evaluation data, each with its reason. */

/** One line, or one element of a JSON array: a page of reference text with its boxes fits, a file that is no list does not. */
export const RECORD_BYTES_MAX = 4 * 2 ** 20;

/** A text file beside an item (reference, boxes): a book of a thousand pages is some 3 MiB. */
export const TEXT_FILE_BYTES_MAX = 16 * 2 ** 20;

/** Items of one list: above this the table of ids alone (24 bytes an item) would take more than 240 MiB. */
export const ITEMS_MAX = 10_000_000;

/** Names in one folder: they are held and sorted, so that the order is the same on every machine; about 100 bytes each. */
export const FOLDER_ENTRIES_MAX = 1_000_000;

/** Nested folders: corpora sort by speaker, book and chapter, which is 3; deeper than this is a mistake in the path. */
export const FOLDER_DEPTH_MAX = 32;

/** Hypotheses of one utterance: recognizers give 5 to 100, lattices expanded by hand up to a few hundred. */
export const HYPOTHESES_MAX = 1000;

/** References of one sentence: MuCGEC has up to 7; an FCGEC sentence, its alternatives multiplied, up to 8. */
export const REFERENCES_MAX = 256;

/** Distinct languages of one data set: ISO 639-1 has 183. Each has a counter of its own. */
export const LANGUAGES_MAX = 1000;

/** Data sets that one manifest can name by file; each is opened in turn, and the names are held. */
export const NESTED_SETS_MAX = 10_000;

/** What is read of a file to tell its form: a few hundred sentences, or the first pages of a table. */
export const HEAD_BYTES = 256 * 2 ** 10;
