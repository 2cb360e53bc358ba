import type { Alphabet, UnitHypothesis, UnitOutcome, UnitSearch, Warning } from '../../models/core/stepwise.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import { ByteCover } from '../bytes/byte-cover.ts';
import type { ContextCache } from '../bytes/context-cache.ts';
import { type LlmNode, LlmTree } from '../bytes/llm-tree.ts';
import { FusionSearch } from './decoder.ts';
import { contextText } from './llm-context.ts';
import { LlmText } from './llm-text.ts';
import { PaperSearch, type Reshape } from './paper-search.ts';
import { presetFor } from './presets.ts';
import { readingDifferences } from './reading-difference.ts';
import type { LengthUnit } from './weights.ts';

export interface FusionRoom {
  /** Null while no language model is loaded: every search is then the recognizer's alone. */
  readonly contexts: ContextCache | null;
  readonly alphabet: Alphabet;
  /** Traditional to Simplified, character by character; shown to the language model only. */
  readonly scriptTable: ReadonlyMap<string, string>;
  readonly reshape: Reshape;
}

/** Overrides for benches and tuning; users choose a preset and r. */
export interface FusionTuning {
  readonly lengthUnit?: LengthUnit;
  readonly byteBonusNats?: number;
  readonly widthPerBeam?: number;
  readonly mergeEqual?: boolean;
  readonly asking?: 'lazy' | 'eager';
}

type SearchOptions = Pick<
  TranscribeOptions,
  'beams' | 'nBest' | 'llmWeight' | 'preset' | 'llmPrompt' | 'hotwords' | 'llmContextCharsMax' | 'explain'
>;

/** The search for the units of one stream: fused where a language model takes part, else the recognizer's own beam. */
export function fusionSearch(room: FusionRoom, options: SearchOptions, tuning: FusionTuning = {}): UnitSearch {
  const decoder = new TextDecoder();
  return async (source, signal) => {
    const { language, previousText } = source.unit;
    const preset = presetFor(options.preset, language);
    const { contexts } = room;
    const wanted = contexts === null ? 0 : (options.llmWeight ?? preset.llmWeight);
    const covered = wanted === 0 || (contexts!.scorer.vocab.languages?.includes(language) ?? true);
    const llmWeight = covered ? wanted : 0;
    const { nBest } = options;
    const beams = source.unit.beams ?? options.beams;
    const context = contextText({
      prompt: options.llmPrompt,
      hotwords: options.hotwords,
      previousText,
      previousCharsMax: options.llmContextCharsMax,
    });
    // The paper's search is kept as the paper has it: it hides nothing, and has no narrower form for drafts.
    const isPaper = options.preset === 'gfd-paper';
    const isDraft = source.unit.beams !== undefined;
    const hideNumbers = !isPaper;
    const table = language === 'zh' ? room.scriptTable : new Map<string, string>();
    const { text, contextBytes } = LlmText.after(context, table, hideNumbers);
    const contextTokens = llmWeight > 0 && contextBytes.length > 0 ? contexts!.scorer.vocab.encode(contextBytes) : [];
    const parts = { contexts, alphabet: room.alphabet, text };
    const search = (weight: number) =>
      new FusionSearch(parts, {
        beams,
        nBest,
        width: Math.max(beams + 1, beams * (tuning.widthPerBeam ?? preset.widthPerBeam)),
        weights: {
          llmWeight: weight,
          lengthUnit: tuning.lengthUnit ?? preset.lengthUnit,
          byteBonusNats: tuning.byteBonusNats ?? preset.byteBonusNats,
        },
        asking: tuning.asking ?? 'lazy',
        contextTokens,
        mergeEqual: tuning.mergeEqual ?? preset.mergeEqual,
      }).search(source, signal);
    if (!covered) return { ...(await search(0)), warnings: [uncovered(language)] };
    if (llmWeight === 0 || (isPaper && isDraft)) return search(0);
    // To explain takes two more passes, which a draft is not worth.
    const explains = options.explain && !isDraft;
    const alone = explains ? await search(0) : null;
    const fused = isPaper
      ? await new PaperSearch(parts, room.reshape, { contextTokens, nBest }).search(source, signal)
      : await search(llmWeight);
    if (alone === null) return fused;
    const spell = ({ tokens }: UnitHypothesis) =>
      decoder.decode(Uint8Array.from(tokens.flatMap((id) => [...room.alphabet.bytesOf(id)])));
    const readings = [alone.hypotheses[0]!, fused.hypotheses[0]!].map((hypothesis) => ({
      text: spell(hypothesis),
      recognizer: hypothesis.recognizerLogProb,
    }));
    const llm = await byteLogProbs(
      contexts!,
      text,
      contextTokens,
      readings.map((reading) => reading.text),
      signal,
    );
    const [recognized, chosen] = readings.map((reading, i) => ({
      text: reading.text,
      logProb: { recognizer: reading.recognizer, llm: llm[i]! },
    }));
    return { ...fused, changes: readingDifferences(recognized!, chosen!) } satisfies UnitOutcome;
  };
}

/** The warning where a trimmed vocabulary is not for a language. */
export function uncovered(language: string): Warning {
  const message =
    `The language model's vocabulary is trimmed, and not for the language "${language}", so the text is the recognizer's ` +
    'alone (r = 0). Convert the full vocabulary to use fusion: bytefuse models convert --vocab full';
  return { code: 'llm_language_uncovered', message };
}

/** log P(text) by the language model, for texts that are compared after the search. */
export async function byteLogProbs(
  contexts: ContextCache,
  text: LlmText,
  contextTokens: readonly number[],
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<number[]> {
  const context = contexts.acquire(contextTokens);
  const { vocab } = contexts.scorer;
  const tree = new LlmTree(contexts.scorer, context.last);
  try {
    const covers = texts.map((one) => ByteCover.of(text.view(new TextEncoder().encode(one)), tree, vocab));
    const missing = new Set<LlmNode>();
    for (const cover of covers) cover.collectMissing(tree, missing);
    if (missing.size > 0) await tree.evaluate(missing, signal);
    return covers.map((cover) => cover.logProb);
  } finally {
    tree.dispose();
    context.release();
  }
}
