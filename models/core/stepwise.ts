/**
 * The stepwise contract: a recognizer proposes, a search chooses. The recognizer owns its cache and its rules (suppressed
 * tokens, timestamp grammar); the search owns the beam. The hypothesis protocol carries exactly these values, so a search
 * may run beside the recognizer, in another thread, or on another machine.
 */

/** What a live beam may be extended by. `ids` and `logProbs` run together, best first; end of text is apart. */
export interface BeamCandidates {
  /** Recognizer token ids, best first (ties: lower id first), without end of text. */
  readonly ids: Int32Array;
  /** log P(id | beam), natural logs, after the recognizer's rules. */
  readonly logProbs: Float32Array;
  /** log P(end of text | beam); IMPOSSIBLE where the rules forbid it. */
  readonly endLogProb: number;
}

export interface StepCandidates {
  /** 0 for the first tokens after the prompt. */
  readonly step: number;
  /** One entry per live beam, numbered by the order of the picks that made them (step 0: one beam). */
  readonly beams: readonly BeamCandidates[];
}

/** Extends live beam `beam` by `token`; the new beams are numbered in the order of the picks. */
export interface BeamPick {
  readonly beam: number;
  readonly token: number;
}

/** One piece of recognizer work with its own search: a Whisper window, a line of a page. */
export interface StepwiseUnit {
  /** Number of the unit within its stream, from 0; a redone unit gets a new number. */
  readonly index: number;
  /** ISO 639-1 code. */
  readonly language: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Longest hypothesis, in recognizer tokens, end of text not counted. */
  readonly stepsMax: number;
  /** Beams for a draft (light fusion), whose changes nobody asks for; absent: as many as the stream's options say. */
  readonly beams?: number;
  /** Text recognized just before this unit, for the language model's context; empty at the start. */
  readonly previousText: string;
}

export interface StepwiseSource {
  readonly unit: StepwiseUnit;
  /** Candidates of the single starting beam. `width`: how many ids per beam are wanted. */
  start(width: number, signal?: AbortSignal): Promise<StepCandidates>;
  /** Grows the beams; at least one pick. Beams that no pick names are dropped and their cache is freed. */
  advance(picks: readonly BeamPick[], signal?: AbortSignal): Promise<StepCandidates>;
}

/** Scores that the language model added; absent where it took no part. Natural logs. */
export interface FusedScore {
  /** The score that ranked this hypothesis. */
  readonly score: number;
  /** log P(bytes) by the language model. */
  readonly llmLogProb: number;
  readonly llmTokens: number;
  readonly bytes: number;
  /** r: the weight of the language model in this hypothesis. */
  readonly llmWeight: number;
}

export interface UnitHypothesis {
  /** Recognizer tokens, without prompt and end of text; timestamps included. */
  readonly tokens: readonly number[];
  /** Recognizer log-probability of each token, in order; one more entry, the end of text, where `ended`. */
  readonly tokenLogProbs: readonly number[];
  /** Sum of tokenLogProbs. */
  readonly recognizerLogProb: number;
  /** False where the hypothesis was cut at stepsMax. */
  readonly ended: boolean;
  readonly fused?: FusedScore;
}

/** One place where the language model changed the outcome: both readings with both scores. */
export interface FusionChange {
  /** Text around which the readings differ: as the recognizer alone would have it, and as it was fused. */
  readonly recognized: string;
  readonly chosen: string;
  /** Start of `chosen` in the unit's text, UTF-16 code units. */
  readonly offset: number;
  /** Log-probabilities of the whole hypothesis that holds the reading. */
  readonly recognizedLogProb: { readonly recognizer: number; readonly llm: number };
  readonly chosenLogProb: { readonly recognizer: number; readonly llm: number };
}

export interface SearchStats {
  readonly steps: number;
  /** Language-model rows evaluated, and what an eager search would have evaluated (architecture: lazy and exact). */
  readonly llmRows: number;
  readonly llmRowsEager: number;
  /** Fewest rows that any exact search needs: one per distinct parent of the survivors. */
  readonly llmRowsFloor: number;
  readonly llmCalls: number;
  readonly llmMs: number;
}

export interface UnitOutcome {
  /** Best first; at least one. */
  readonly hypotheses: readonly UnitHypothesis[];
  readonly changes: readonly FusionChange[];
  readonly stats: SearchStats;
  /** What the user should know of how this unit was searched, such as a language that the LLM's vocabulary lacks. */
  readonly warnings?: readonly Warning[];
}

/** A machine-readable remark on a result: language outside the vocabulary, audio cut short, and so on. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** A search over one unit: plain beam search, generative fusion decoding, or a proxy of one elsewhere. */
export type UnitSearch = (source: StepwiseSource, signal?: AbortSignal) => Promise<UnitOutcome>;

/** What a recognizer's token ids spell. Special tokens (timestamps and the like) have no bytes. */
export interface Alphabet {
  readonly size: number;
  /** Bytes of a token; empty for special tokens. A view that the alphabet owns. */
  bytesOf(id: number): Uint8Array;
  /** SHA-256 (hex) over all tokens' bytes. */
  readonly hash: string;
}
