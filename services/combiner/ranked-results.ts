import type { RankedList } from '../../fusion/gfd/rank-readings.ts';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { NBest } from '../../fusion/protocol/messages.ts';
import type { Segment, TranscribeOptions, UnitResult, Warning } from '../../models/core/transcript.ts';
import { compressionRatio } from '../../models/whisper/compression-ratio.ts';
import type { ReadingsRank } from './combiner-service.ts';

/** The lists of a recognizer as results, each once it is ranked, in order. */
export async function* rankedResults(
  lists: AsyncIterable<NBest>,
  rank: Promise<ReadingsRank>,
  { llmContextCharsMax }: Pick<TranscribeOptions, 'llmContextCharsMax'>,
  call: { readonly signal: AbortSignal; readonly clock: Clock; warn(warning: Warning): void },
): AsyncGenerator<UnitResult, void> {
  const { signal, clock } = call;
  let previousText = '';
  for await (const list of lists) {
    const startMs = clock.nowMs();
    const { language, readings } = list;
    const ranked = await (await rank)({ language, previousText, readings }, signal);
    for (const warning of ranked.warnings) call.warn(warning);
    const result = unitResult(list, ranked, ranked.judged === 0 ? 0 : clock.nowMs() - startMs);
    // What the language model is shown of it is cut where it is shown; here only its growth is bounded.
    previousText = joinText(previousText, result.segments[0]!.text).slice(-2 * llmContextCharsMax);
    yield result;
  }
}

/**
 * As the recognizers of this project give it. What a list does not say is neutral: no tokens, no doubt whether somebody
 * spoke; avg_logprob is by the character.
 */
function unitResult(list: NBest, { readings, changes, judged }: RankedList, llmMs: number): UnitResult {
  const { text, recognizerLogProb, fused } = readings[0]!;
  const segment: Segment = {
    id: list.unit,
    seek: Math.round(list.startMs / 10),
    start: list.startMs / 1000,
    end: list.endMs / 1000,
    text,
    tokens: [],
    temperature: 0,
    avg_logprob: Math.max(-Number.MAX_VALUE, recognizerLogProb / Math.max(1, [...text].length)),
    compression_ratio: compressionRatio(text),
    no_speech_prob: 0,
    ...(fused && {
      fused: {
        score: Math.max(-Number.MAX_VALUE, fused.score),
        llm_logprob: fused.llmLogProb,
        llm_weight: fused.llmWeight,
      },
    }),
  };
  return {
    segments: [segment],
    hypotheses: readings.map((reading) => ({
      text: reading.text,
      tokens: [],
      tokenLogProbs: [],
      recognizerLogProb: reading.recognizerLogProb,
      ended: true,
      ...(reading.fused && { fused: { ...reading.fused, score: Math.max(-Number.MAX_VALUE, reading.fused.score) } }),
    })),
    changes,
    stats: {
      steps: 0,
      // A list is judged as a whole: its rows are those of its texts.
      llmRows: judged,
      llmRowsEager: judged,
      llmRowsFloor: judged,
      llmCalls: judged === 0 ? 0 : 1,
      llmMs,
    },
  };
}

/** Readings come without the space between them, or with it. */
function joinText(before: string, text: string): string {
  const spaced = before === '' || /^\s/u.test(text) || /\p{Script=Han}$/u.test(before);
  return spaced ? before + text : `${before} ${text}`;
}
