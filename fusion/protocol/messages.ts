import type { RecognizerInfo, RecognizerSummary } from '../../models/core/recognizer.ts';
import type { BeamPick, StepCandidates, StepwiseUnit, UnitOutcome } from '../../models/core/stepwise.ts';
import type { TranscribeOptions, Transcript, UnitResult } from '../../models/core/transcript.ts';

/**
 * The messages of hypothesis protocol v1. On the wire each is a map whose `type` names it; numeric arrays marked
 * "binary" are little-endian byte strings. Two kinds of link carry them: application - combiner and combiner -
 * recognizer. The side that sends `open` numbers the stream, upward from 1, never twice on one channel.
 */
export type Message =
  | Hello
  | AlphabetRequest
  | AlphabetPart
  | Open
  | Audio
  | Close
  | Cancel
  | Credit
  | Unit
  | Start
  | Candidates
  | Advance
  | Chosen
  | Result
  | Summary
  | Lattice
  | NBest
  | UnitPartial
  | Final
  | ErrorMessage;

export type MessageType = Message['type'];
/** Messages that belong to a stream, once it is open. */
export type StreamMessage = Exclude<Message, Hello | AlphabetRequest | AlphabetPart | Open>;
export type Role = 'application' | 'combiner' | 'recognizer';

/** First message of both sides, before anything else. */
export interface Hello {
  readonly type: 'hello';
  /** Versions that the sender speaks; the highest that both speak is used. */
  readonly versions: readonly number[];
  readonly role: Role;
  readonly name: string;
  /** Credit, in bytes, that the sender grants the receiver at the opening of every stream. */
  readonly creditBytes: number;
  /** From a recognizer only. */
  readonly recognizer?: RecognizerHello;
}

export interface RecognizerHello extends Omit<RecognizerInfo, 'name'> {
  readonly alphabet: { readonly size: number; readonly hash: string };
}

/** Combiner -> recognizer: send the table of this alphabet. */
export interface AlphabetRequest {
  readonly type: 'alphabet_request';
  readonly hash: string;
}

/** Tokens first .. first + lengths.length - 1. */
export interface AlphabetPart {
  readonly type: 'alphabet';
  readonly hash: string;
  readonly part: number;
  readonly parts: number;
  readonly first: number;
  /** Binary, u16: bytes of each token. */
  readonly lengths: Uint16Array;
  /** Binary: the tokens' bytes, one after another. */
  readonly bytes: Uint8Array;
}

/** Application -> combiner -> recognizer. */
export interface Open {
  readonly type: 'open';
  readonly stream: number;
  readonly options: TranscribeOptions;
  /** Milliseconds left for the whole stream; absent: no deadline. Both sides watch it. */
  readonly deadlineMs?: number;
}

export interface Audio {
  readonly type: 'audio';
  readonly stream: number;
  /** Binary, f32: mono samples at the recognizer's rate, -1..1. */
  readonly samples: Float32Array;
}

/** No more audio. The stream goes on until its results are out. */
export interface Close {
  readonly type: 'close';
  readonly stream: number;
}

/** The opener wants nothing more of this stream. */
export interface Cancel {
  readonly type: 'cancel';
  readonly stream: number;
}

/** The receiver of data frames has used up this many bytes of them and grants as many more. */
export interface Credit {
  readonly type: 'credit';
  readonly stream: number;
  readonly bytes: number;
}

/** Recognizer -> combiner: a unit waits for its search. */
export interface Unit {
  readonly type: 'unit';
  readonly stream: number;
  readonly unit: StepwiseUnit;
}

/** Combiner -> recognizer: send the candidates of step 0, at most `width` per beam here and later. */
export interface Start {
  readonly type: 'start';
  readonly stream: number;
  readonly unit: number;
  readonly width: number;
}

/** Recognizer -> combiner: the answer to `start` or `advance`. ids binary i32, logProbs binary f32. */
export interface Candidates extends StepCandidates {
  readonly type: 'candidates';
  readonly stream: number;
  readonly unit: number;
}

/** Combiner -> recognizer: grow the beams of `step`. Binary i32 `beams` and `tokens`, one entry per pick. */
export interface Advance {
  readonly type: 'advance';
  readonly stream: number;
  readonly unit: number;
  /** The step whose candidates were picked; the answer is step + 1. */
  readonly step: number;
  readonly picks: readonly BeamPick[];
}

/** Combiner -> recognizer: the search over the unit is over. */
export interface Chosen {
  readonly type: 'chosen';
  readonly stream: number;
  readonly unit: number;
  readonly outcome: UnitOutcome;
}

/** Recognizer -> combiner: a unit is done. */
export interface Result {
  readonly type: 'result';
  readonly stream: number;
  readonly result: UnitResult;
}

/** Recognizer -> combiner: the stream is done. */
export interface Summary {
  readonly type: 'summary';
  readonly stream: number;
  readonly summary: RecognizerSummary;
}

/** CTC recognizer -> combiner: frames first .. first + frames - 1 of a unit, `width` entries each, best first. */
export interface Lattice {
  readonly type: 'lattice';
  readonly stream: number;
  readonly unit: number;
  readonly part: number;
  readonly parts: number;
  readonly first: number;
  readonly frames: number;
  readonly width: number;
  /** Token that means "nothing here". */
  readonly blank: number;
  /** Binary, i32 [frames * width]. */
  readonly ids: Int32Array;
  /** Binary, f32 [frames * width], natural logs. */
  readonly logProbs: Float32Array;
}

/** Any other recognizer -> combiner: whole readings of one unit. */
export interface NBest {
  readonly type: 'nbest';
  readonly stream: number;
  readonly unit: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly language: string;
  readonly readings: readonly { readonly text: string; readonly logProb: number }[];
}

/** Combiner -> application: a unit is done; its text will not change. */
export interface UnitPartial {
  readonly type: 'partial';
  readonly stream: number;
  /** Number of this partial within its stream, from 0. */
  readonly index: number;
  readonly result: UnitResult;
}

/** Combiner -> application: the transcript without what the partials brought (text, segments, units). */
export interface Final {
  readonly type: 'final';
  readonly stream: number;
  /** How many partials went before: the receiver knows that it has them all. */
  readonly partials: number;
  readonly summary: FinalSummary;
}

export type FinalSummary = Omit<Transcript, 'text' | 'segments' | 'units'>;

/** Ends a stream, or the whole channel where `stream` is absent. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly stream?: number;
  /** Code of the error registry (docs/errors.md). A receiver takes one it does not know for `internal`. */
  readonly code: string;
  readonly message: string;
}
