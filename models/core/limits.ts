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

/** Longest utterance of a live stream: with its padding it stays well inside the window of 30 s. */
export const LIVE_UTTERANCE_SECONDS_MAX = 25;
/** Live streams of one recognizer: far above what one machine hears at a time; the measured load refuses earlier. */
export const LIVE_STREAMS_MAX = 64;
/** Utterances of one stream whose recognized final is not out; while there are so many, no more audio is pulled. */
export const LIVE_FINALS_PENDING_MAX = 4;
/** Utterances of a returning stream that are told with their committed text: more than can wait for finals at once. */
export const LIVE_COMMITTED_MAX = 32;
/** Characters of each: far more than is said in LIVE_UTTERANCE_SECONDS_MAX. */
export const LIVE_COMMITTED_CHARS_MAX = 2000;
/** From this lag on a stream gets no more partials: finals are worth more than guesses. Resumes at half of it. */
export const LIVE_LAG_PARTIALS_MS = 1500;
/** From this lag of any stream on newcomers are refused: those who are here keep their latency. */
export const LIVE_LAG_REFUSE_MS = 2000;
/** From this lag on finals are not fused: the recognizer's own text takes their place. */
export const LIVE_LAG_FUSION_MS = 4000;
/** At this lag the stream ends: what comes so late is no live text any more. */
export const LIVE_LAG_END_MS = 15_000;
/** Share of the recognizer's time that finals alone may take, by what they cost of late: the rest is for partials and bursts. */
export const LIVE_LOAD_MAX = 0.7;
