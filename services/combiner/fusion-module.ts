import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { type LatticeRoom, latticeSearch } from '../../fusion/ctc/lattice-search.ts';
import { presetFor } from '../../fusion/gfd/presets.ts';
import { type RankRoom, rankReadings } from '../../fusion/gfd/rank-readings.ts';
import { type FusionRoom, fusionSearch } from '../../fusion/gfd/search.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { penalized } from '../../models/llm/row-distribution.ts';
import type { Device } from '../../models/session/onnx-session.ts';
import { scriptConverter } from '../../models/whisper/script.ts';
import type { PageSearchFactory, RankFactory, SearchFactory } from './combiner-service.ts';

/** The module that a combiner worker loads: Generative Fusion Decoding (SearchModule of combiner-worker.ts). */

export interface FusionConfig {
  /** Folder of the converted language model; null: the recognizer alone decides. */
  readonly llmDir: string | null;
  /** Loads the language model at the start: a service is ready once all is loaded. Else it loads when first needed. */
  readonly preload?: boolean;
  readonly threads?: number;
  readonly device?: Device;
}

/** One language model for speech and pages. */
let scorer: Promise<LlmScorer> | undefined;
let contexts: Promise<ContextCache> | undefined;
const scriptTables = new Map<'hans' | 'hant', Promise<ReadonlyMap<string, string>>>();

export async function createSearchFactory(config: unknown): Promise<SearchFactory> {
  // The composition root passes a FusionConfig.
  const { llmDir, preload = false, ...sessionOptions } = config as FusionConfig;
  const load = (dir: string) => loadContexts(dir, sessionOptions);

  if (preload && llmDir !== null) await load(llmDir);

  return async ({ options, alphabet }) => {
    const table = await alphabet();
    const fuses = (language: string) => llmDir !== null && weightOf(options, language) > 0;
    // Where the language is known, the model loads while the recognizer hears its first window.
    if (options.language !== 'auto' && fuses(options.language)) load(llmDir!).catch(() => undefined);
    return async (source, signal) => {
      const { language } = source.unit;
      const fused = fuses(language);
      const room: FusionRoom = {
        contexts: fused ? await load(llmDir!) : null,
        alphabet: table,
        scriptTable: language === 'zh' && fused ? await scriptTable('hans') : new Map(),
        reshape: penalized,
      };
      return fusionSearch(room, options)(source, signal);
    };
  };
}

/** The same for lists of whole readings. */
export function createRankFactory(config: unknown): RankFactory {
  // The composition root passes a FusionConfig.
  const { llmDir, ...sessionOptions } = config as FusionConfig;
  return ({ options }) =>
    async (list, signal) => {
      const { language } = list;
      const fused = llmDir !== null && weightOf(options, language) > 0;
      const room: RankRoom = {
        contexts: fused ? await loadContexts(llmDir, sessionOptions) : null,
        scriptTable: language === 'zh' && fused ? await scriptTable('hans') : new Map(),
      };
      return rankReadings(room, options, list, signal);
    };
}

/** The same for pages. */
export function createPageSearchFactory(config: unknown): PageSearchFactory {
  // The composition root passes a FusionConfig.
  const { llmDir, ...sessionOptions } = config as FusionConfig;
  return async ({ options, alphabet }) => {
    const fuses =
      llmDir !== null && options.llmWeight !== 0 && (options.mode === 'fused' || options.mode === 'faithful');
    // Both at once: the model loads while the recognizer looks at its first page.
    const [table, loaded] = await Promise.all([alphabet(), fuses ? loadContexts(llmDir, sessionOptions) : null]);
    const room: LatticeRoom = {
      contexts: loaded,
      alphabet: table,
      simplified: await scriptTable('hans'),
      traditional: options.script === 'hant' ? await scriptTable('hant') : new Map(),
    };
    return latticeSearch(room, options);
  };
}

/** Loads the language model when first asked; a failure is not kept, so that the next stream may try again. */
function loadContexts(dir: string, options: Omit<FusionConfig, 'llmDir' | 'preload'>): Promise<ContextCache> {
  if (contexts === undefined) {
    scorer = LlmScorer.open(dir, options);
    contexts = scorer.then((opened) => new ContextCache(opened));
    contexts.catch(() => {
      contexts = undefined;
    });
  }
  return contexts;
}

export async function dispose(): Promise<void> {
  const opened = scorer;
  scorer = undefined;
  contexts = undefined;
  await opened?.then((model) => model.dispose());
}

function weightOf({ llmWeight, preset }: TranscribeOptions, language: string): number {
  return llmWeight ?? presetFor(preset, language).llmWeight;
}

/** Ideographs of the main block, which recognizers write in both scripts. */
const IDEOGRAPH_FIRST = 0x4e00;
const IDEOGRAPH_LAST = 0x9fff;

/** To one script, character by character; made once. Whole words are converted on the finished text, elsewhere. */
function scriptTable(script: 'hans' | 'hant'): Promise<ReadonlyMap<string, string>> {
  let table = scriptTables.get(script);
  if (table === undefined) {
    table = makeScriptTable(script);
    scriptTables.set(script, table);
  }
  return table;
}

/** `hans`: Traditional to Simplified, what the language model is shown. */
export const simplifiedTable = () => scriptTable('hans');

async function makeScriptTable(script: 'hans' | 'hant'): Promise<ReadonlyMap<string, string>> {
  const convert = await scriptConverter(script);
  const table = new Map<string, string>();
  for (let code = IDEOGRAPH_FIRST; code <= IDEOGRAPH_LAST; code++) {
    const character = String.fromCharCode(code);
    const other = convert(character);
    if (other !== character) table.set(character, other);
  }
  return table;
}
