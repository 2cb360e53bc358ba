/**
 * Live speech: a stream of audio that is recognized while it is spoken. Text comes in stages that an utterance goes
 * through: partials while it runs, of which the beginning is *committed* word by word, then finals.
 *
 * What holds for every utterance: its events carry its number; `speech-start` is first and `speech-end` comes before its
 * finals; committed text only grows, and every final begins with it. Events of neighbouring utterances may interleave: one
 * begins while the finals of the one before are worked on. Finals come in the order of the utterances, stage by stage.
 */
import type { AppError } from './app-error.ts';
import type { RecognizerSummary } from './recognizer.ts';
import type { UnitSearch } from './stepwise.ts';
import type { TranscribeOptions, UnitResult, Word } from './transcript.ts';

/** When a turn begins and ends, as the voice detector hears it. */
export interface TurnDetection {
  /** Probability of speech from which an utterance begins, 0..1. */
  readonly threshold: number;
  /** Audio kept before the first speech. */
  readonly prefixPaddingMs: number;
  /** Silence that ends an utterance. */
  readonly silenceMs: number;
}

/** How words of partials become committed (fusion/beam/agreed-prefix.ts). */
export const COMMIT_POLICIES = ['local-agreement', 'align-att'] as const;
export type CommitPolicyName = (typeof COMMIT_POLICIES)[number];

/**
 * Absent fields take the defaults of `defaultListenOptions`. Of the base, `vad` is without effect here, and `timestamps` says
 * only whether words have times: a segment is an utterance.
 */
export interface ListenOptions extends TranscribeOptions {
  /** Null: the caller says where turns end (`commit`). */
  readonly turnDetection: TurnDetection | null;
  readonly policy: CommitPolicyName;
  /** Words that end within so much of the end of the audio heard are not committed yet; undefined: the policy's own. */
  readonly holdMs: number | undefined;
  /** New audio between two partials. A busy machine makes them rarer; 0: no partials at all. */
  readonly partialIntervalMs: number;
  /** Partials are weighed by the language model as well, where nobody waits for it (light fusion). */
  readonly lightFusion: boolean;
  /** A longer utterance is cut, at a pause where there is one. */
  readonly utteranceSecondsMax: number;
  /** True for a stream that was taken before, by a process that is gone: it is no newcomer, and no load turns it away. */
  readonly returning: boolean;
  /**
   * Utterances of a returning stream that were open when its process was lost, in order. One of this stream that goes on
   * with one of them (`ReplayedUtterances`) begins with the text committed then. A recognizer that cannot do so may ignore it.
   */
  readonly committed: readonly CommittedText[];
}

/** An utterance as a process left it that is gone. Seconds are those of the stream that it is told to. */
export interface CommittedText {
  readonly startS: number;
  /** Absent where its end was not heard. */
  readonly endS?: number | undefined;
  /** End of the audio that its last partial was made from; 0 where there was none. No partial is wanted of less. */
  readonly heardS: number;
  /** Its committed text; empty where nothing was committed yet. */
  readonly text: string;
}

/** How a stream comes to a recognizer: as a newcomer, or from a process that is gone. */
export type Resumption = Pick<ListenOptions, 'returning' | 'committed'>;

/** What goes in: samples (mono, -1..1, at the recognizer's rate), and what the caller says between them. */
export type LiveInput = Float32Array | LiveMark;

/** `commit` ends the utterance that runs here; `clear` drops it and all that was heard of it. */
export type LiveMark = 'commit' | 'clear';

/** Code of a search's warning (UnitOutcome.warnings): the language model took no part although it should have. */
export const LLM_UNAVAILABLE = 'llm_unavailable';

/** Seconds are counted from the start of the stream. */
export type LiveEvent = SpeechStart | LivePartial | SpeechEnd | LiveFinal | Cleared | CommitEmpty | Lag | Shed;

export interface SpeechStart {
  readonly kind: 'speech-start';
  readonly utterance: number;
  /** With the padding before it. */
  readonly startS: number;
}

/** What an utterance that runs is taken for so far. */
export interface LivePartial {
  readonly kind: 'partial';
  readonly utterance: number;
  /** `fused` where a language model took part (light fusion). */
  readonly stage: 'recognized' | 'fused';
  /** From 0, one more for each partial of the utterance; a slow reader may miss some. */
  readonly revision: number;
  /** Will not change any more. */
  readonly committed: string;
  /** Follows it, and may change. `committed + pending` is the whole text. */
  readonly pending: string;
  /** End of the audio that this partial was made from. */
  readonly heardS: number;
  /** Words of both, where word times are asked for. */
  readonly words?: readonly Word[];
}

export interface SpeechEnd {
  readonly kind: 'speech-end';
  readonly utterance: number;
  /** With the padding after it. */
  readonly endS: number;
}

/** The text of an utterance that has ended: first by the recognizer alone, then by the fused search. */
export interface LiveFinal {
  readonly kind: 'final';
  readonly utterance: number;
  readonly stage: 'recognized' | 'fused' | 'corrected';
  /** Empty where nobody spoke after all. */
  readonly text: string;
  /** Its beginning that partials had committed already. */
  readonly committed: string;
  readonly result: UnitResult;
  /** The language it was heard in, ISO 639-1. */
  readonly language: string;
  /** True where a fused text was to come and the recognizer's own takes its place: the language model is away or late. */
  readonly degraded?: true;
}

/** The answer to `clear`. */
export interface Cleared {
  readonly kind: 'cleared';
  /** The utterance that ran, which ends without finals; null where none did. */
  readonly utterance: number | null;
  readonly atS: number;
}

/** The answer to a `commit` that found no utterance. */
export interface CommitEmpty {
  readonly kind: 'commit-empty';
  readonly atS: number;
}

/** How far results lag behind the audio. Sent where it changed much. */
export interface Lag {
  readonly kind: 'lag';
  readonly lagMs: number;
}

/** What is left out, or done again, so that the stream keeps up. */
export interface Shed {
  readonly kind: 'shed';
  readonly what: 'partials' | 'fusion' | 'nothing';
  readonly lagMs: number;
}

/** A recognizer that can hear a stream as it is spoken. */
export interface LiveRecognizer {
  /**
   * `input` is pulled as it comes, and held up only while several utterances wait for their finals. `search` makes the fused
   * finals, and with fewer beams (`StepwiseUnit.beams`) the fused partials; what it throws makes finals degraded. Throws
   * AppError: `overloaded` where the machine has no room for one more stream, or this one lags too far; the codes of
   * `Recognizer.transcribe`; the signal's reason.
   */
  listen(
    input: AsyncIterable<LiveInput>,
    options: ListenOptions,
    search: UnitSearch,
    signal: AbortSignal,
  ): AsyncGenerator<LiveEvent, RecognizerSummary>;
  /**
   * What `listen` would throw now at one more stream for want of room, whatever its options; null: there is room. Holds no place: of
   * several who ask at once only some may get in. Absent where `listen` alone can tell.
   */
  liveRefusal?(): AppError | null;
}

/** A word of a running utterance, as the last pass over it has it. */
export interface LiveWord {
  /** With the space before it. */
  readonly text: string;
  /** Recognizer tokens that spell it. */
  readonly tokens: readonly number[];
  /** Lowest log P among them. */
  readonly logProb: number;
  /** Where its tokens are heard: the earliest and the latest time that a token of it attends to most, in seconds. */
  readonly attendedFromS: number;
  readonly attendedToS: number;
}

/** Decides which words of a running utterance are settled. One per utterance. */
export interface CommitPolicy {
  /**
   * @param words of the newest pass, after those that are committed already
   * @param heardS seconds of audio that the pass was given
   * @returns how many of them, from the first on, are settled now
   */
  settled(words: readonly LiveWord[], heardS: number): number;
}

/** Makes a policy for one utterance. */
export type CommitPolicies = (options: Pick<ListenOptions, 'policy' | 'holdMs'>) => CommitPolicy;
