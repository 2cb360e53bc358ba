import type { TranscribeOptions, Transcript, UnitResult } from '../../models/core/transcript.ts';

/** What runs where: for people and logs. */
export interface EngineFacts {
  readonly recognizer: string;
  /** Null where no language model is loaded. */
  readonly llm: string | null;
  readonly device: string;
  /** Threads that all models share. */
  readonly threads: number;
}

export interface EngineCall {
  readonly signal: AbortSignal;
  /** Called as each unit is done, in order. */
  readonly onPartial: (unit: UnitResult) => void;
}

/**
 * Recognizer and combiner behind one door: audio in, transcript out. Several calls may run at once. `audio` is 16 kHz
 * mono and is pulled as it is needed.
 */
export interface SpeechEngine {
  readonly facts: EngineFacts;
  transcribe(audio: AsyncIterable<Float32Array>, options: TranscribeOptions, call: EngineCall): Promise<Transcript>;
  close(): Promise<void>;
}
