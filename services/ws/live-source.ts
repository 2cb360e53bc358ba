/** What sessions need of a recognizer that hears as one speaks. Toys implement it in tests. */
import type { TranscribeOptions, UnitResult, Word } from '../../models/core/transcript.ts';

export interface TurnDetection {
  readonly threshold: number;
  readonly prefixPaddingMs: number;
  readonly silenceMs: number;
}

/** Absent fields take the recognizer's defaults. */
export interface ListenRequest extends Partial<TranscribeOptions> {
  /** Null: the caller says where turns end (`commit`). */
  readonly turnDetection?: TurnDetection | null;
  /** New audio between two partials; 0: none. */
  readonly partialIntervalMs?: number;
}

export type LiveMark = 'commit' | 'clear';
/** Samples (mono, 16 kHz, -1..1), and what the caller says between them. */
export type LiveInput = Float32Array | LiveMark;

/** Seconds are counted from the start of the stream. */
export type LiveEvent =
  | { readonly kind: 'speech-start'; readonly utterance: number; readonly startS: number }
  | LivePartial
  | { readonly kind: 'speech-end'; readonly utterance: number; readonly endS: number }
  | LiveFinal
  | { readonly kind: 'cleared'; readonly utterance: number | null; readonly atS: number }
  | { readonly kind: 'commit-empty'; readonly atS: number }
  | { readonly kind: 'lag'; readonly lagMs: number }
  | { readonly kind: 'shed'; readonly what: 'partials' | 'fusion' | 'nothing'; readonly lagMs: number };

export interface LivePartial {
  readonly kind: 'partial';
  readonly utterance: number;
  readonly stage: 'recognized';
  readonly revision: number;
  /** Only grows within an utterance, and every final begins with it. */
  readonly committed: string;
  readonly pending: string;
  readonly heardS: number;
  readonly words?: readonly Word[];
}

/** `recognized` first; the one of a later stage closes the utterance, and always comes. */
export interface LiveFinal {
  readonly kind: 'final';
  readonly utterance: number;
  readonly stage: 'recognized' | 'fused' | 'corrected';
  readonly text: string;
  readonly committed: string;
  readonly result: UnitResult;
  readonly language: string;
  readonly degraded?: true;
}

export interface LiveSource {
  /** `input` is pulled as there is room for it. Throws AppError: overloaded, peer_lost, ...; the signal's reason. */
  listen(
    input: AsyncIterable<LiveInput>,
    request: ListenRequest,
    call: { readonly signal: AbortSignal },
  ): AsyncIterable<LiveEvent>;
}
