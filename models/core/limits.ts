/** Bounds of the models room, each with its reason. */

/** Whisper's window: it was trained on exactly this much. */
export const WINDOW_SECONDS = 30;
/** Sample rate of every recognizer input. */
export const SAMPLE_RATE_HZ = 16_000;
/** Mel hop: 10 ms at 16 kHz. */
export const HOP_SAMPLES = 160;
/** Widest beam that the tree pool is dimensioned for; the reference implementations rarely go above 10. */
export const BEAMS_MAX = 16;
/**
 * Longest recording, in decoded seconds: 12 hours covers a working day of speech, while a megabyte of compressed silence
 * cannot ask for more. Decoded length is what counts; bytes say nothing.
 */
export const AUDIO_SECONDS_MAX = 43_200;
