/** Bounds of reading pages, each with its reason. */

/** Regions of one page that are looked at; RapidOCR's bound too. A dense newspaper page has some 500 lines. */
export const TEXT_REGIONS_MAX = 1000;
/**
 * Longest side of what the detector sees. Its time grows with the area; crops are taken from the page itself, so only
 * finding depends on it. On the development images 1280 found text as well as 1600 did (pooled character error 32.7%
 * against 33.2%, most of it reading order), on 64% of the pixels.
 */
export const DETECT_SIDE_MAX = 1280;
/** Widest line input: 4,096 pixels at 48 pixels height hold some 170 Chinese or 350 Latin characters. */
export const LINE_WIDTH_MAX = 4096;
/** Largest `character` entry read from a model: PP-OCRv6 has 65 kB, and larger alphabets stay below a megabyte. */
export const ALPHABET_TEXT_BYTES_MAX = 1 << 20;
/** Fields looked at on the top level of an ONNX file; real ones have some ten. */
export const ONNX_FIELDS_MAX = 10_000;
