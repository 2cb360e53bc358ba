/** The module that a scorer thread loads: our language model over whole texts (TextScorerModule of scorer-worker.ts). */
import { ContextCache } from '../../../fusion/bytes/context-cache.ts';
import { contextText } from '../../../fusion/gfd/llm-context.ts';
import { LlmText } from '../../../fusion/gfd/llm-text.ts';
import { byteLogProbs } from '../../../fusion/gfd/search.ts';
import { LlmScorer } from '../../../models/llm/llm-scorer.ts';
import type { Device } from '../../../models/session/onnx-session.ts';
import { simplifiedTable } from '../../combiner/fusion-module.ts';
import { RESCORE_BYTES_MAX } from '../run/limits.ts';
import type { TextQuery, TextScore, TextScorer } from './text-scorer.ts';

export interface LlmTextConfig {
  /** Folder of the converted language model. */
  readonly llmDir: string;
  readonly threads?: number;
  readonly device?: Device;
}

/** @throws AppError model_missing, model_corrupt, device_unavailable */
export async function openTextScorer(config: unknown): Promise<TextScorer> {
  // The composition passes an LlmTextConfig.
  const { llmDir, ...sessionOptions } = config as LlmTextConfig;
  const llm = await LlmScorer.open(llmDir, sessionOptions);
  const contexts = new ContextCache(llm);
  let scriptTable: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    score: async (query, signal) => {
      const { language, texts } = query;
      if (language !== 'und' && llm.vocab.languages?.includes(language) === false) {
        return { isCovered: false, scores: [] };
      }
      if (language === 'zh') scriptTable ??= simplifiedTable();
      const table = (language === 'zh' && (await scriptTable)) || new Map<string, string>();
      return { isCovered: true, scores: await scoreTexts(contexts, table, query, texts, signal) };
    },
    close: () => llm.dispose(),
  };
}

/** Texts that share a tree share the rows of their common beginnings; a tree is kept small enough for its logits. */
async function scoreTexts(
  contexts: ContextCache,
  table: ReadonlyMap<string, string>,
  { prompt, hotwords }: TextQuery,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TextScore[]> {
  const encoder = new TextEncoder();
  const context = contextText({ prompt, hotwords, previousText: '', previousCharsMax: 0 });
  const { text: view, contextBytes } = LlmText.after(context, table, false);
  const contextTokens = contextBytes.length === 0 ? [] : contexts.scorer.vocab.encode(contextBytes);
  const scores: TextScore[] = [];
  for (let from = 0; from < texts.length; ) {
    const group: string[] = [];
    let bytes = 0;
    while (from < texts.length && (group.length === 0 || bytes < RESCORE_BYTES_MAX)) {
      const text = texts[from++]!;
      group.push(text);
      bytes += encoder.encode(text).length;
    }
    const logProbs = await byteLogProbs(contexts, view, contextTokens, group, signal);
    for (const [i, text] of group.entries()) {
      scores.push({ logProb: logProbs[i]!, bytes: view.view(encoder.encode(text)).length });
    }
  }
  return scores;
}
