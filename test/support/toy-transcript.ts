/** Transcripts for the tests of writers and of the command line: made of a few words, with plausible scores. */
import type { FusionChange } from '../../models/core/stepwise.ts';
import type { Segment, Transcript, UnitResult, Word } from '../../models/core/transcript.ts';

export function segment(start: number, end: number, text: string, more: Partial<Segment> = {}): Segment {
  return {
    id: 0,
    seek: 0,
    start,
    end,
    text,
    tokens: [1, 2],
    temperature: 0,
    avg_logprob: -0.25,
    compression_ratio: 1.2,
    no_speech_prob: 0.01,
    ...more,
  };
}

/** Words of equal length in time, spelled with the spaces that stand before them. */
export function spreadWords(start: number, end: number, spelled: readonly string[]): Word[] {
  const step = (end - start) / spelled.length;
  return spelled.map((word, i) => ({ word, start: start + i * step, end: start + (i + 1) * step, probability: 0.9 }));
}

export function unit(segments: readonly Segment[], changes: readonly FusionChange[] = []): UnitResult {
  return {
    segments,
    hypotheses: [],
    changes,
    stats: { steps: 3, llmRows: 2, llmRowsEager: 5, llmRowsFloor: 1, llmCalls: 1, llmMs: 4 },
  };
}

export function transcript(segments: readonly Segment[], more: Partial<Transcript> = {}): Transcript {
  const numbered = segments.map((one, id) => ({ ...one, id }));
  const text = numbered
    .map((one) => one.text)
    .join('')
    .trim();
  return {
    task: 'transcribe',
    language: 'en',
    languageProbability: 1,
    duration: numbered.at(-1)?.end ?? 2,
    text,
    segments: numbered,
    units: numbered.length > 0 ? [unit(numbered)] : [],
    warnings: [],
    timings: { totalMs: 1000, encodeMs: 400, recognizeMs: 300, llmMs: 100 },
    ...more,
  };
}
