import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { presetFor } from '../../fusion/gfd/presets.ts';
import { type FusionRoom, fusionSearch } from '../../fusion/gfd/search.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { penalized } from '../../models/llm/row-distribution.ts';
import type { Device } from '../../models/session/onnx-session.ts';
import { scriptConverter } from '../../models/whisper/script.ts';
import type { SearchFactory } from './combiner-service.ts';

/** The module that a combiner worker loads: Generative Fusion Decoding (SearchModule of combiner-worker.ts). */

export interface FusionConfig {
  /** Folder of the converted language model; null: the recognizer alone decides. */
  readonly llmDir: string | null;
  /** Loads the language model at the start: a service is ready once all is loaded. Else it loads when first needed. */
  readonly preload?: boolean;
  readonly threads?: number;
  readonly device?: Device;
}

let scorer: Promise<LlmScorer> | undefined;

export async function createSearchFactory(config: unknown): Promise<SearchFactory> {
  // The composition root passes a FusionConfig.
  const { llmDir, preload = false, ...sessionOptions } = config as FusionConfig;
  let contexts: Promise<ContextCache> | undefined;
  let scriptTable: Promise<ReadonlyMap<string, string>> | undefined;

  /** Loads the language model when first asked; a failure is not kept, so that the next stream may try again. */
  const loadContexts = (dir: string): Promise<ContextCache> => {
    if (contexts === undefined) {
      scorer = LlmScorer.open(dir, sessionOptions);
      contexts = scorer.then((opened) => new ContextCache(opened));
      contexts.catch(() => {
        contexts = undefined;
      });
    }
    return contexts;
  };

  if (preload && llmDir !== null) await loadContexts(llmDir);

  return async ({ options, alphabet }) => {
    const table = await alphabet();
    const fuses = (language: string) => llmDir !== null && weightOf(options, language) > 0;
    // Where the language is known, the model loads while the recognizer hears its first window.
    if (options.language !== 'auto' && fuses(options.language)) loadContexts(llmDir!).catch(() => undefined);
    return async (source, signal) => {
      const { language } = source.unit;
      const fused = fuses(language);
      if (language === 'zh' && fused) scriptTable ??= simplifiedTable();
      const room: FusionRoom = {
        contexts: fused ? await loadContexts(llmDir!) : null,
        alphabet: table,
        scriptTable: (await scriptTable) ?? new Map(),
        reshape: penalized,
      };
      return fusionSearch(room, options)(source, signal);
    };
  };
}

export async function dispose(): Promise<void> {
  const opened = scorer;
  scorer = undefined;
  await opened?.then((model) => model.dispose());
}

function weightOf({ llmWeight, preset }: TranscribeOptions, language: string): number {
  return llmWeight ?? presetFor(preset, language).llmWeight;
}

/** Ideographs of the main block, whose Traditional forms the recognizer writes. */
const IDEOGRAPH_FIRST = 0x4e00;
const IDEOGRAPH_LAST = 0x9fff;

/** Traditional to Simplified, character by character: what the language model is shown. */
async function simplifiedTable(): Promise<ReadonlyMap<string, string>> {
  const convert = await scriptConverter('hans');
  const table = new Map<string, string>();
  for (let code = IDEOGRAPH_FIRST; code <= IDEOGRAPH_LAST; code++) {
    const character = String.fromCharCode(code);
    const simplified = convert(character);
    if (simplified !== character) table.set(character, simplified);
  }
  return table;
}
