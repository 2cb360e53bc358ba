import type { Segment, Transcript, UnitResult } from '../../models/core/transcript.ts';

/** The `json` answer of transcription services: the text, its language and what was billed, here the seconds heard. */
export function jsonValue(transcript: Transcript) {
  return {
    text: transcript.text,
    languages: [{ code: transcript.language }],
    usage: { type: 'duration', seconds: round(transcript.duration, 3) },
    ...(transcript.warnings.length > 0 ? { warnings: transcript.warnings } : {}),
  };
}

/**
 * The `verbose_json` answer, with its field names and meanings: scores of segments and words are the recognizer's own.
 * What the fusion adds stands under names of its own: `fused` in a segment, and `fusion` with the changes, the other
 * hypotheses and the counters of each unit.
 */
export function verboseJsonValue(transcript: Transcript) {
  const hasWords = transcript.segments.some((segment) => segment.words !== undefined);
  return {
    task: transcript.task,
    language: transcript.language,
    duration: round(transcript.duration, 3),
    text: transcript.text,
    segments: transcript.segments.map(segmentValue),
    ...(hasWords ? { words: wordsValue(transcript.segments) } : {}),
    usage: { type: 'duration', seconds: round(transcript.duration, 3) },
    language_probability: transcript.languageProbability,
    warnings: transcript.warnings,
    fusion: {
      changes: transcript.units.flatMap((unit) => unit.changes),
      units: transcript.units.map(({ hypotheses, stats }) => ({ hypotheses: hypotheses.map(hypothesisValue), stats })),
    },
    timings_ms: transcript.timings,
  };
}

/** One unit of it, by the same names; `changes` count their offsets in the unit's text. */
export function unitValue({ segments, hypotheses, changes, stats }: UnitResult) {
  return {
    segments: segments.map(segmentValue),
    fusion: { changes, hypotheses: hypotheses.map(hypothesisValue), stats },
  };
}

export function wordsValue(segments: readonly Pick<Segment, 'words'>[]) {
  return segments.flatMap(({ words }) => words ?? []).map((word) => ({ ...word, word: word.word.trim() }));
}

function hypothesisValue({ text, recognizerLogProb, tokenLogProbs, ended, fused }: UnitResult['hypotheses'][number]) {
  return {
    text,
    recognizer_logprob: recognizerLogProb,
    token_logprobs: tokenLogProbs,
    ended,
    ...(fused ? { fused } : {}),
  };
}

function segmentValue(segment: Segment) {
  const { id, seek, start, end, text, tokens, temperature, avg_logprob, compression_ratio, no_speech_prob } = segment;
  return {
    id,
    seek,
    start: round(start, 3),
    end: round(end, 3),
    text,
    tokens,
    temperature,
    avg_logprob,
    compression_ratio,
    no_speech_prob,
    ...(segment.fused ? { fused: segment.fused } : {}),
    ...(segment.exact === undefined ? {} : { exact: segment.exact }),
  };
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
