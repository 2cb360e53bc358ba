/**
 * darag: the language model chooses from the recognizer's list. A hypothesis is ranked by the joint score of the fused
 * search (fusion/gfd/weights.ts), (1 - r) * recognizer + r * (log P_llm(bytes) + bonus * bytes). Where a list has no
 * scores, the recognizer's term is ln(1 / rank): Zipf's law stands in for what is not known.
 */
import { presetFor } from '../../../fusion/gfd/presets.ts';
import { finalScore } from '../../../fusion/gfd/weights.ts';
import { AppError } from '../../../models/core/app-error.ts';
import type { AblationSetting } from '../run/ablation.ts';
import type { EvalSystem } from '../run/eval-system.ts';
import { listOf } from '../run/text-systems.ts';
import type { TextQuery, TextReply, TextScorer } from './text-scorer.ts';

export interface RescoreOptions {
  readonly open: (signal: AbortSignal) => Promise<TextScorer>;
  readonly settings: readonly AblationSetting[];
  readonly preset: string;
  readonly prompt: string;
  readonly hotwords: readonly string[];
  /** Told once, where lists come without scores or the model does not know a language. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** Settings of `--ablate` that mean something here. */
const OVERRIDES = new Set(['llmWeight', 'preset']);

/** One system per setting, `llm r=0.2`; the model is opened when the first item needs it. @throws AppError usage */
export function rescoreSystems(options: RescoreOptions): EvalSystem[] {
  const { open, settings, prompt, hotwords } = options;
  let opening: Promise<TextScorer> | undefined;
  const opened = (signal: AbortSignal): Promise<TextScorer> => {
    opening ??= open(signal);
    return opening;
  };
  const notices = new Set<string>();
  const notice = (text: string): void => {
    if (!notices.has(text)) options.onNotice?.(text);
    notices.add(text);
  };
  return settings.map(({ label, overrides }, number) => {
    const odd = Object.keys(overrides).find((name) => !OVERRIDES.has(name));
    if (odd !== undefined) {
      throw new AppError(
        'usage',
        `--ablate ${label}: eval darag takes r and preset; its lists are recognized already.`,
      );
    }
    const preset = overrides.preset ?? options.preset;
    const llmWeight = overrides.llmWeight;
    const query = { prompt, hotwords };
    return {
      name: `llm ${label}`,
      settings: {
        preset,
        ...(llmWeight === undefined ? {} : { llmWeight }),
        ...query,
        recognizer: 'logProb where the list has it, else ln(1/rank)',
      },
      computes: true,
      prepare: async (signal) => {
        await (await opened(signal)).score({ ...query, language: 'zh', texts: ['预热'] }, signal);
      },
      run: async (item, signal) => {
        const list = listOf(item);
        const numbers = presetFor(preset, item.language);
        const weights = { ...numbers, llmWeight: llmWeight ?? numbers.llmWeight };
        const scored = list.every(({ logProb }) => logProb !== undefined);
        if (!scored) notice('Lists without scores: ranks stand in for them, ln(1/rank).');
        // Equal texts are judged once.
        const texts = [...new Set(list.map(({ text }) => text))];
        let reply: TextReply | null = null;
        if (weights.llmWeight > 0) {
          const asked: TextQuery = { ...query, language: item.language, texts };
          reply = await (await opened(signal)).score(asked, signal);
          if (!reply.isCovered) {
            notice(`The language model's vocabulary is not for "${item.language}": the recognizer's order stands.`);
          }
        }
        const used = reply?.isCovered ? weights : { ...weights, llmWeight: 0 };
        let best = { text: list[0]!.text, score: Number.NEGATIVE_INFINITY };
        for (const [rank, { text, logProb }] of list.entries()) {
          const llm = reply?.scores[texts.indexOf(text)];
          const lengths = { bytes: llm?.bytes ?? 0, llmTokens: 1, recognizerTokens: 1 };
          const recognizer = scored ? logProb! : -Math.log(rank + 1);
          const score = finalScore(recognizer, llm?.logProb ?? 0, lengths, used);
          // The earlier one where they tie.
          if (score > best.score) best = { text, score };
        }
        return { text: best.text };
      },
      close: async () => {
        if (number === 0) await (await opening?.catch(() => undefined))?.close();
      },
    } satisfies EvalSystem;
  });
}
