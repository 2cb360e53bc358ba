import type { ListenOptions, LiveEvent } from '../../models/core/live.ts';
import type { LineReading, LineUnit, PageUnit, ReadOptions } from '../../models/core/page.ts';
import type { RecognizerInfo, RecognizerSummary } from '../../models/core/recognizer.ts';
import type {
  BeamPick,
  SearchStats,
  StepCandidates,
  StepwiseUnit,
  UnitOutcome,
  Warning,
} from '../../models/core/stepwise.ts';
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
  | Read
  | Listen
  | Audio
  | Commit
  | Clear
  | Image
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
  | Live
  | Page
  | Lattice
  | NBest
  | UnitPartial
  | Final
  | Reading
  | End
  | ErrorMessage;

export type MessageType = Message['type'];
/** Messages that open a stream. */
export type Opener = Open | Read | Listen;
/** Messages that belong to a stream, once it is open. */
export type StreamMessage = Exclude<Message, Hello | AlphabetRequest | AlphabetPart | Opener>;
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

/** Application -> combiner -> recognizer: a stream of speech. */
export interface Open {
  readonly type: 'open';
  readonly stream: number;
  readonly options: TranscribeOptions;
  /** Milliseconds left for the whole stream; absent: no deadline. Both sides watch it. */
  readonly deadlineMs?: number;
}

/** Application -> combiner -> recognizer: a stream of pages. */
export interface Read {
  readonly type: 'read';
  readonly stream: number;
  readonly options: ReadOptions;
  readonly deadlineMs?: number;
}

/** Application -> combiner -> recognizer: a stream of speech that is heard while it is spoken. */
export interface Listen {
  readonly type: 'listen';
  readonly stream: number;
  readonly options: ListenOptions;
  readonly deadlineMs?: number;
}

/** Opener of a live stream, in order with its audio: the utterance that runs ends here. */
export interface Commit {
  readonly type: 'commit';
  readonly stream: number;
}

/** Opener of a live stream, in order with its audio: the utterance that runs is dropped. */
export interface Clear {
  readonly type: 'clear';
  readonly stream: number;
}

export interface Audio {
  readonly type: 'audio';
  readonly stream: number;
  /** Binary, f32: mono samples at the recognizer's rate, -1..1. */
  readonly samples: Float32Array;
}

/** Pixels of one page, in parts: each page whole, in order, before the next one begins. */
export interface Image {
  readonly type: 'image';
  readonly stream: number;
  /** Number of the page within the stream, from 0. */
  readonly page: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Place of `rgb` among the page's widthPx * heightPx * 3 bytes; parts come in order, without gaps. */
  readonly first: number;
  /** Binary, u8: 8-bit RGB, rows from top to bottom. */
  readonly rgb: Uint8Array;
}

/** No more audio, or no more pages. The stream goes on until its results are out. */
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

/** Recognizer -> combiner -> application: something happened in a live stream. */
export interface Live {
  readonly type: 'live';
  readonly stream: number;
  readonly event: LiveEvent;
}

/** Recognizer -> combiner: what was found on a page. The lattices of its lines follow, before the next page. */
export interface Page {
  readonly type: 'page';
  readonly stream: number;
  readonly page: PageHead;
  readonly lines: readonly LineHead[];
}

/** A page without its lines. */
export type PageHead = Omit<PageUnit, 'lines'>;

/** A line without its lattice, and how large that is. */
export interface LineHead extends Omit<LineUnit, 'lattice'> {
  readonly frames: number;
}

/** CTC recognizer -> combiner: frames first .. first + frames - 1 of a line, `width` entries each, best first. */
export interface Lattice {
  readonly type: 'lattice';
  readonly stream: number;
  readonly page: number;
  /** Index of the line on its page. */
  readonly line: number;
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
  /** How many partials (of a live stream: events) went before: the receiver knows that it has them all. */
  readonly partials: number;
  readonly summary: FinalSummary;
}

export type FinalSummary = Omit<Transcript, 'text' | 'segments' | 'units'>;

/** Combiner -> application: a page is read. */
export interface Reading {
  readonly type: 'reading';
  readonly stream: number;
  readonly page: PageHead;
  readonly lines: readonly LineResult[];
  /** ISO 639-1 that the language model was asked in; '' where none took part. */
  readonly language: string;
  readonly stats: SearchStats;
  readonly warnings: readonly Warning[];
  readonly searchMs: number;
}

/** A line with what the search made of it. */
export interface LineResult {
  readonly line: Omit<LineUnit, 'lattice'>;
  readonly reading: LineReading;
}

/** Ends a stream of pages: recognizer -> combiner -> application. */
export interface End {
  readonly type: 'end';
  readonly stream: number;
  /** How many pages went before: the receiver knows that it has them all. */
  readonly pages: number;
}

/** Ends a stream, or the whole channel where `stream` is absent. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly stream?: number;
  /** Code of the error registry (docs/errors.md). A receiver takes one it does not know for `internal`. */
  readonly code: string;
  readonly message: string;
}
