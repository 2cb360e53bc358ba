import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import type {
  FusionChange,
  SearchStats,
  StepwiseUnit,
  UnitHypothesis,
  UnitOutcome,
} from '../../models/core/stepwise.ts';
import type { Segment, TranscribeOptions, UnitResult, Warning, Word } from '../../models/core/transcript.ts';
import { ALPHABET_SIZE_MAX, BEAMS_MAX, LIST_MAX, NUMBER_MAX, STEPS_MAX, TEXT_CHARS_MAX } from './limits.ts';
import type { FinalSummary } from './messages.ts';
import {
  boolean,
  type Check,
  finite,
  integer,
  list,
  logProb,
  map,
  name,
  number,
  oneOf,
  optional,
  text,
} from './schema.ts';

/** Checks of the values that results, outcomes and options are made of. Bounds are those of limits.ts. */

/** A little above 1 is what rounding in single precision makes of certainty. */
const probability = number(0, 1.001);
/** Milliseconds, seconds, counts: never negative. */
const amount = number(0, Number.MAX_SAFE_INTEGER);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const task = oneOf('transcribe', 'translate');
export const token = integer(0, ALPHABET_SIZE_MAX - 1);

export const unitSchema: Check<StepwiseUnit> = map({
  index: integer(0, NUMBER_MAX),
  language: name,
  startMs: amount,
  endMs: amount,
  stepsMax: integer(1, STEPS_MAX),
  beams: optional(integer(1, BEAMS_MAX)),
  previousText: text(),
});

const fusedFields = {
  score: finite,
  llmLogProb: logProb,
  llmTokens: count,
  bytes: count,
  llmWeight: probability,
};

const hypothesisFields = {
  tokens: list(token, STEPS_MAX),
  tokenLogProbs: list(logProb, STEPS_MAX + 1),
  recognizerLogProb: logProb,
  ended: boolean,
  fused: optional(map(fusedFields)),
};

const hypothesis: Check<UnitHypothesis> = map(hypothesisFields);
const hypothesisWithText: Check<UnitHypothesis & { readonly text: string }> = map({
  ...hypothesisFields,
  text: text(),
});

const bothScores = map({ recognizer: logProb, llm: logProb });

export const change: Check<FusionChange> = map({
  recognized: text(),
  chosen: text(),
  offset: integer(0, TEXT_CHARS_MAX),
  recognizedLogProb: bothScores,
  chosenLogProb: bothScores,
});

export const stats: Check<SearchStats> = map({
  steps: count,
  llmRows: count,
  llmRowsEager: count,
  llmRowsFloor: count,
  llmCalls: count,
  llmMs: amount,
});

export const warning: Check<Warning> = map({ code: name, message: text() });

export const outcomeSchema: Check<UnitOutcome> = map({
  hypotheses: list(hypothesis, BEAMS_MAX, 1),
  changes: list(change),
  stats,
  warnings: optional(list(warning)),
});

export const word: Check<Word> = map({ word: text(), start: amount, end: amount, probability });

const segment: Check<Segment> = map({
  id: count,
  seek: count,
  start: amount,
  end: amount,
  text: text(),
  tokens: list(token, STEPS_MAX),
  temperature: number(0, 2),
  avg_logprob: finite,
  compression_ratio: amount,
  no_speech_prob: probability,
  words: optional(list(word)),
  fused: optional(map({ score: finite, llm_logprob: logProb, llm_weight: probability })),
  exact: optional(boolean),
});

export const resultSchema: Check<UnitResult> = map({
  segments: list(segment),
  hypotheses: list(hypothesisWithText, BEAMS_MAX),
  changes: list(change),
  stats,
});

const summaryFields = {
  task,
  language: name,
  languageProbability: probability,
  duration: amount,
  warnings: list(warning),
};

export const recognizerSummarySchema: Check<RecognizerSummary> = map({
  ...summaryFields,
  timings: map({ encodeMs: amount, recognizeMs: amount }),
});

export const finalSummarySchema: Check<FinalSummary> = map({
  ...summaryFields,
  timings: map({ totalMs: amount, encodeMs: amount, recognizeMs: amount, llmMs: amount }),
});

/** Options of a stream of speech as they travel. */
export const optionFields = {
  language: name,
  task,
  beams: integer(1, BEAMS_MAX),
  nBest: integer(1, BEAMS_MAX),
  temperatures: list(number(0, 2), 16, 1),
  compressionRatioMax: finite,
  avgLogProbMin: number(Number.NEGATIVE_INFINITY, Number.MAX_VALUE),
  noSpeechProbMax: finite,
  seed: integer(0, Number.MAX_SAFE_INTEGER),
  timestamps: oneOf('none', 'segment', 'word'),
  prompt: text(),
  hotwords: list(text(), LIST_MAX),
  conditionOnPreviousText: boolean,
  vad: boolean,
  exact: boolean,
  script: oneOf('hans', 'hant', 'keep'),
  llmWeight: optional(probability),
  preset: name,
  llmPrompt: text(),
  llmContextCharsMax: count,
  explain: boolean,
};

const optionsOnWire = map(optionFields);

/** `llmWeight` is absent on the wire where it is undefined. */
export const optionsSchema: Check<TranscribeOptions> = (value, path) => ({
  llmWeight: undefined,
  ...optionsOnWire(value, path),
});
