import type { LiveRecognizer } from './live.ts';
import type { Alphabet, UnitSearch } from './stepwise.ts';
import type { TranscribeOptions, Transcript, UnitResult } from './transcript.ts';

/** What a recognizer says of itself when it meets a combiner. */
export interface RecognizerInfo {
  /** For people: model and size, such as `whisper-base`. */
  readonly name: string;
  readonly modality: 'speech' | 'page';
  readonly kind: 'stepwise' | 'lattice' | 'nbest';
  /** Rate of the mono audio that it wants; 0 where it reads pages. */
  readonly sampleRateHz: number;
}

/** What is known once the last unit is done. */
export interface RecognizerSummary {
  readonly task: Transcript['task'];
  readonly language: string;
  readonly languageProbability: number;
  /** Seconds of audio that came in. */
  readonly duration: number;
  readonly warnings: Transcript['warnings'];
  /** Wall-clock milliseconds: encoder, and decoder steps without the search. */
  readonly timings: { readonly encodeMs: number; readonly recognizeMs: number };
}

/**
 * A recognizer proposes and lets `search` choose: once per unit (window, line) it hands the search a StepwiseSource.
 * It serves several streams at once; each call of `transcribe` is a stream with its own cache.
 */
export interface Recognizer {
  readonly info: RecognizerInfo;
  readonly alphabet: Alphabet;
  /**
   * `audio`: mono samples at info.sampleRateHz, -1..1, in chunks of any length, pulled as they are needed (flow control
   * rests on that: do not drain it ahead). Yields a result as each unit is done; returns the summary. Throws AppError;
   * when `signal` aborts it throws the signal's reason and frees everything the stream holds, as on an early `return()`.
   */
  transcribe(
    audio: AsyncIterable<Float32Array>,
    options: TranscribeOptions,
    search: UnitSearch,
    signal: AbortSignal,
  ): AsyncGenerator<UnitResult, RecognizerSummary>;
  /** Absent where it hears recordings alone. */
  readonly listen?: LiveRecognizer['listen'];
  readonly liveRefusal?: LiveRecognizer['liveRefusal'];
}
