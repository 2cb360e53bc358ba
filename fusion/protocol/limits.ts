/** Bounds of the hypothesis protocol, each with its reason. docs/protocol.md repeats those that a peer must know. */

/** Versions that this build speaks, oldest first. */
export const PROTOCOL_VERSIONS: readonly number[] = [1];

/** One frame: the largest is a unit result with 16 hypotheses and word times, some hundred KiB. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;
/** Nesting of maps and arrays: partial > result > segments > segment > words > word. */
export const FRAME_DEPTH_MAX = 12;
/** Values in one frame; binary fields count as one. A unit of 16 hypotheses of 448 tokens with scores needs 30,000. */
export const FRAME_VALUES_MAX = 200_000;

/** Streams open at once on one channel: far above what one machine decodes at a time. */
export const STREAMS_MAX = 64;
/** Highest stream or unit number: 32 bits, so every language has an integer for it. */
export const NUMBER_MAX = 0xffff_ffff;

/** Audio in one frame: 4 s. Small enough that a cancel is never behind much audio. */
export const AUDIO_FRAME_SAMPLES_MAX = 65_536;
/** Credit that a receiver grants each stream at its opening: one window of 30 s at 16 kHz, f32, and a frame more. */
export const CREDIT_INITIAL_BYTES = 2 * 1024 * 1024 + 256 * 1024;
/** Most credit that a peer may grant or hold; more is a mistake or an attack. */
export const CREDIT_BYTES_MAX = 64 * 1024 * 1024;

/** Candidates per beam. Whisper's whole vocabulary has 51,866; a search asks for tens. */
export const CANDIDATES_MAX = 4096;
/** Beams, as models/core/limits.ts. */
export const BEAMS_MAX = 16;
/** Steps of one unit: Whisper's text context is 448 tokens; lines of a page are shorter. */
export const STEPS_MAX = 4096;
/** Units of one stream that may be searched at the same time. */
export const UNITS_PENDING_MAX = 64;

/** Tokens of an alphabet: Gemma's vocabulary, the largest known here, has 262,144. */
export const ALPHABET_SIZE_MAX = 1 << 19;
/** Bytes of one token: the length travels in 16 bits. */
export const TOKEN_BYTES_MAX = 0xffff;
/** Bytes of a whole alphabet: Gemma's has 1.9 MiB. */
export const ALPHABET_BYTES_MAX = 32 * 1024 * 1024;
/** Token bytes in one part of the table, well under a frame. */
export const ALPHABET_PART_BYTES = 512 * 1024;
/** Tokens in one part of the table, for the same reason. */
export const ALPHABET_PART_TOKENS = 131_072;

/** Any text field: prompts and previous text are hundreds of characters; a remote mistake should not cost a megabyte. */
export const TEXT_CHARS_MAX = 65_536;
/** Names, codes, hashes. */
export const NAME_CHARS_MAX = 256;
/** Items of a list in results (segments, changes, hot words, warnings, words of a segment). */
export const LIST_MAX = 4096;

/** Time for a peer to say hello after a channel opens. A recognizer dials only once its model is loaded. */
export const HELLO_MS_MAX = 10_000;
/** Longest deadline, 24 h: longer than any file that is transcribed at once. */
export const DEADLINE_MS_MAX = 24 * 3600 * 1000;

/** Pixels of one page: 64 million are an A3 page at 600 dots per inch; as RGB they take 192 MiB. */
export const PAGE_PIXELS_MAX = 64 * 1024 * 1024;
/** Pixel bytes in one frame: small enough that a cancel is never behind much of a page. */
export const IMAGE_PART_BYTES = 1024 * 1024;
/** Lattice entries (id and log-probability) in one frame: half a mebibyte. */
export const LATTICE_PART_ENTRIES = 65_536;
/** Lines of one page: a newspaper page has some hundreds; detectors of our own stop at 1,000. */
export const LINES_MAX = 4096;
/** Characters of one line. */
export const LINE_CHARS_MAX = 4096;
/** Hypotheses kept by a search over a line's lattice. */
export const LINE_BEAMS_MAX = 64;
