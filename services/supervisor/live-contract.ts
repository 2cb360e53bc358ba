import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import type { UnitResult, Word } from '../../models/core/transcript.ts';

/**
 * What a live stream says, as far as replaying one depends on it; a listener whose events have these shapes can be
 * resumed. Seconds are counted from the start of the stream. Every utterance has one `recognized` and one `fused` final, in
 * this order, unless it is cleared; finals of one stage come in the order of the utterances.
 */
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
  readonly committed: string;
  readonly pending: string;
  readonly heardS: number;
  readonly words?: readonly Word[];
}

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

/** Samples (mono, 16 kHz), and what the caller says between them. */
export type LiveInput = Float32Array | 'commit' | 'clear';

/** `CombinerClient.listen`, or a toy. `O`: its options; `S`: what it returns at the end. */
export type Listen<O, S extends RecognizerSummary = RecognizerSummary> = (
  input: AsyncIterable<LiveInput>,
  options: O,
  call: { readonly signal?: AbortSignal | undefined },
) => AsyncGenerator<LiveEvent, S>;
