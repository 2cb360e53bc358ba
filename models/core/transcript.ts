import type { FusionChange, SearchStats, UnitHypothesis, Warning } from './stepwise.ts';

export type { Warning } from './stepwise.ts';

/** One word with its time. Seconds from the start of the recording, as clients of transcription services expect. */
export interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
  /** Recognizer probability, 0..1: geometric mean over the word's tokens. */
  readonly probability: number;
}

/** One stretch of speech. Field names and meanings are those of verbose_json; scores are the recognizer's own. */
export interface Segment {
  readonly id: number;
  /** Start of the window, in mel frames of 10 ms. */
  readonly seek: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly temperature: number;
  readonly avg_logprob: number;
  readonly compression_ratio: number;
  readonly no_speech_prob: number;
  readonly words?: readonly Word[];
  /** Scores of the fused search for the unit that holds this segment; absent at r = 0. */
  readonly fused?: { readonly score: number; readonly llm_logprob: number; readonly llm_weight: number };
  /** True where the text was produced by the full 30 s window after a fallback threshold tripped. */
  readonly exact?: boolean;
}

/** Everything that one unit (window) of a recording gave. */
export interface UnitResult {
  readonly segments: readonly Segment[];
  readonly hypotheses: readonly (UnitHypothesis & { readonly text: string })[];
  readonly changes: readonly FusionChange[];
  readonly stats: SearchStats;
}

export interface Transcript {
  readonly task: 'transcribe' | 'translate';
  readonly language: string;
  /** Probability of the detected language; 1 where the language was given. */
  readonly languageProbability: number;
  /** Seconds. */
  readonly duration: number;
  readonly text: string;
  readonly segments: readonly Segment[];
  readonly units: readonly UnitResult[];
  readonly warnings: readonly Warning[];
  readonly timings: TranscriptTimings;
}

/** Wall-clock milliseconds by stage. */
export interface TranscriptTimings {
  readonly totalMs: number;
  readonly encodeMs: number;
  readonly recognizeMs: number;
  readonly llmMs: number;
}

/** Options of one transcription. Absent fields take the defaults of `defaultTranscribeOptions`. */
export interface TranscribeOptions {
  /** ISO 639-1, or `auto`. */
  readonly language: string;
  readonly task: 'transcribe' | 'translate';
  /** 1..16 */
  readonly beams: number;
  /** Number of hypotheses returned per unit, 1..beams. */
  readonly nBest: number;
  /** Fallback ladder, 0..1; the first is used, the next ones where a threshold trips. */
  readonly temperatures: readonly number[];
  readonly compressionRatioMax: number;
  readonly avgLogProbMin: number;
  readonly noSpeechProbMax: number;
  readonly seed: number;
  readonly timestamps: 'none' | 'segment' | 'word';
  /** Text before the audio begins: style and vocabulary for the recognizer. */
  readonly prompt: string;
  readonly hotwords: readonly string[];
  /** Carry the recognized text of a window into the next one's prompt. */
  readonly conditionOnPreviousText: boolean;
  readonly vad: boolean;
  /** Encode the whole 30 s window, never the merged padding. */
  readonly exact: boolean;
  readonly script: 'hans' | 'hant' | 'keep';
  /** r: weight of the language model, 0..1; undefined takes the preset's for the language. */
  readonly llmWeight: number | undefined;
  readonly preset: string;
  /** Sentence or two on the domain, shown to the language model before the text. */
  readonly llmPrompt: string;
  /** How much recognized text the language model sees, in characters. */
  readonly llmContextCharsMax: number;
  readonly explain: boolean;
}
