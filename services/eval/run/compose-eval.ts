/**
 * The composition root of `bytefuse eval`: which reader, which judge, which systems. Everything that an evaluation is made
 * of meets here and nowhere else.
 */
import { AppError } from '../../../models/core/app-error.ts';
import type { ArtefactFile } from '../../../models/manifest/artefact.ts';
import { isPinned } from '../../../models/manifest/artefact.ts';
import { openModelRoom } from '../../../models/manifest/model-room.ts';
import { threadBudget } from '../../../models/session/thread-budget.ts';
import { openBytefuse } from '../../app/bytefuse.ts';
import {
  CONVERTERS,
  DEFAULT_LLM,
  DEFAULT_MODEL,
  readyModels,
  VAD_MODEL,
  type WantedModel,
} from '../../app/ready-models.ts';
import { bootstrapRate, DEFAULT_BOOTSTRAP } from '../bootstrap.ts';
import { readDataSet } from '../data-set.ts';
import { type EditCounts, sumCounts } from '../error-rate.ts';
import { DEFAULT_NORMALIZER } from '../normalizer/text-normalizer.ts';
import type { LlmTextConfig } from '../rescore/llm-scorer-module.ts';
import { rescoreSystems } from '../rescore/rescore-systems.ts';
import { startScorerThread } from '../rescore/scorer-thread.ts';
import type { EvalItem, EvalResults, EvalTask, MetricRow } from '../results.ts';
import { rateName, scoreText, usualUnit } from '../score.ts';
import { type AblationSetting, DEFAULT_ABLATION, parseAblation } from './ablation.ts';
import type { EvalParts, EvalRequest, GatherCalls, GatheredSystems } from './eval-request.ts';
import type { EvalSystem, ItemJudge, Judgement, OpenDataSet, Summarize } from './eval-system.ts';
import { speechSystems } from './speech-systems.ts';
import { modelHash } from './surroundings.ts';
import { firstSystem, oracleSystem, sourceSystem } from './text-systems.ts';

/** Systems of tasks whose engines are not of speech, by task: each opens its engine in `prepare`. */
type EngineSystems = (request: EvalRequest, calls: GatherCalls) => Promise<EngineParts>;
type EngineParts = Pick<GatheredSystems, 'models' | 'settings'> & { readonly systems: readonly EvalSystem[] };

/** What each task computes with, where a user names no hypotheses, or settings beside them. */
const ENGINES: Readonly<Partial<Record<EvalTask, EngineSystems>>> = {
  asr: speechEngine,
  ner: speechEngine,
  darag: rescoringEngine,
};

/** Floors and bounds of each task. */
const FLOORS: Readonly<Partial<Record<EvalTask, (request: EvalRequest) => EvalSystem[]>>> = {
  gec: () => [sourceSystem()],
  darag: ({ normalizer }) => [firstSystem(), oracleSystem(normalizer)],
};

export const EVAL_PARTS: EvalParts = {
  openData: openManifest,
  openJudge: () => ({ judge: judgeText }),
  summarize: summarizeRates,
  writeReport: null,
  checkRequest,
  needsMedia: (request) => ['asr', 'ner', 'ocr'].includes(request.task) && usesEngine(request),
  gatherSystems,
};

/** Our engine takes part where settings are named, or nothing else is there to be judged. */
function usesEngine({ task, ablation, hypotheses }: EvalRequest): boolean {
  return ENGINES[task] !== undefined && (ablation !== null || hypotheses.length === 0);
}

function checkRequest(request: EvalRequest): void {
  const { task, hypotheses, ablation } = request;
  if (task === 'ocr' && ENGINES.ocr === undefined && hypotheses.length === 0) {
    throw new AppError('usage', 'bytefuse eval ocr needs --hyp FILE: this build has no page reader of its own.');
  }
  if (ablation !== null && ENGINES[task] === undefined) {
    throw new AppError('usage', `bytefuse eval ${task} has no settings to compare: leave out --ablate.`);
  }
}

async function gatherSystems(request: EvalRequest, calls: GatherCalls): Promise<GatheredSystems> {
  const before = FLOORS[request.task]?.(request) ?? [];
  const engine = usesEngine(request) ? await ENGINES[request.task]!(request, calls) : null;
  return { before, after: engine?.systems ?? [], models: engine?.models ?? [], settings: engine?.settings ?? {} };
}

/** One process for all settings: the models are loaded once, and every system pays the same for its surroundings. */
async function speechEngine(request: EvalRequest, calls: GatherCalls): Promise<EngineParts> {
  const { decoding, deadlineS } = request.engine;
  const settings = request.ablation ?? parseAblation(DEFAULT_ABLATION);
  const open = { ...request.engine.open, ...languageModel(request, settings) };
  const { model = DEFAULT_MODEL, llm = DEFAULT_LLM, device = 'cpu', threads = threadBudget() } = open;
  const wanted: (WantedModel & { role: string })[] = [
    { name: model, kind: 'whisper', role: 'recognizer' },
    { name: VAD_MODEL, kind: 'vad', role: 'voice activity' },
    ...(llm === null ? [] : [{ name: llm, kind: 'llm', role: 'language model' } as const]),
  ];
  return {
    systems: speechSystems({
      open: (signal) => openBytefuse({ ...open, signal }),
      settings,
      base: decoding,
      deadlineS,
    }),
    models: await identify(wanted, request, calls),
    settings: { device, threads, ...(deadlineS === undefined ? {} : { deadlineS }) },
  };
}

/** At r = 0 the language model is never asked, so it need not be there. @throws AppError usage */
function languageModel({ engine }: EvalRequest, settings: readonly AblationSetting[]): { llm?: string | null } {
  const asking = settings.find(({ overrides }) => (overrides.llmWeight ?? 0) > 0);
  if (engine.open.llm === null && asking !== undefined) {
    throw new AppError('usage', `--llm none and --ablate ${asking.label} exclude each other.`);
  }
  return settings.every(({ overrides }) => overrides.llmWeight === 0) ? { llm: null } : {};
}

async function rescoringEngine(request: EvalRequest, calls: GatherCalls): Promise<EngineParts> {
  const { open, decoding } = request.engine;
  const { llm = DEFAULT_LLM, device = 'cpu', threads = threadBudget() } = open;
  if (llm === null) return { systems: [], models: [], settings: {} };
  const wanted = [{ name: llm, kind: 'llm', role: 'language model' } as const];
  return {
    systems: rescoreSystems({
      open: async (signal) => {
        const [llmDir] = await readyModels(wanted, { ...open, signal });
        const url = new URL('../rescore/llm-scorer-module.js', import.meta.url).href;
        return startScorerThread({ url, config: { llmDir: llmDir!, device, threads } satisfies LlmTextConfig });
      },
      settings: request.ablation ?? parseAblation('default'),
      preset: decoding.preset ?? 'default',
      prompt: decoding.llmPrompt ?? '',
      hotwords: decoding.hotwords ?? [],
      onNotice: calls.onNotice,
    }),
    models: await identify(wanted, request, calls),
    settings: { device, threads },
  };
}

/** What the models are, by their source files. One that only the hub can name is fetched for it. */
async function identify(
  wanted: readonly (WantedModel & { readonly role: string })[],
  request: EvalRequest,
  { signal }: GatherCalls,
): Promise<EvalResults['models']> {
  const room = openModelRoom({ converters: CONVERTERS });
  const models = [];
  for (const { name, kind, role } of wanted) {
    let entry = await room.find(name);
    if (!isPinned(entry)) {
      await readyModels([{ name, kind }], { ...request.engine.open, signal });
      entry = await room.find(name);
    }
    const files: readonly ArtefactFile[] = isPinned(entry) ? entry.files : [];
    models.push({ name, role, sha256: modelHash(files) });
  }
  return models;
}

/** `manifest.jsonl`, as the bench reads it. */
async function openManifest(
  ...[location, { form = 'manifest', task, limit, sets, languages }]: Parameters<OpenDataSet>
): ReturnType<OpenDataSet> {
  if (form !== 'manifest') throw new AppError('invalid_option', `--form is "${form}"; it must be manifest.`);
  if (task === 'gec' || task === 'darag') throw new AppError('usage', `A manifest holds no items for eval ${task}.`);
  const filter = { ...(limit && { limit }), ...(sets && { sets }), ...(languages && { languages }) };
  const clips = await readDataSet(location, filter);
  async function* items(): AsyncGenerator<EvalItem> {
    for (const { file, path, language, text, set, speaker, durationS } of clips) {
      const group = speaker || file;
      const about = { id: file, where: file, language, set, group, mediaPath: path, references: [text] };
      yield durationS === undefined ? about : { ...about, durationS };
    }
  }
  return { form, location, items };
}

/** By texts alone. */
function judgeText(...[{ language, references }, { text }, options]: Parameters<ItemJudge['judge']>): Judgement {
  const normalizer = { ...DEFAULT_NORMALIZER, ...options.normalizer };
  const { ref, hyp, counts } = scoreText(language, references[0] ?? '', text, { normalizer });
  return { reference: ref, hypothesis: hyp, rates: { [rateName(usualUnit(language))]: counts } };
}

/** One row per rate and language. */
async function summarizeRates(...[, items, { seed, draws }]: Parameters<Summarize>): Promise<MetricRow[]> {
  const held = new Map<string, { counts: EditCounts[]; groups: string[] }>();
  for await (const { rates, language, group } of items) {
    for (const [metric, counts] of Object.entries(rates)) {
      const key = `${metric}\tlang=${language}`;
      const slice = held.get(key) ?? { counts: [], groups: [] };
      slice.counts.push(counts);
      slice.groups.push(group);
      held.set(key, slice);
    }
  }
  return [...held].map(([key, { counts, groups }]) => {
    const [metric, slice] = key.split('\t') as [string, string];
    const { rate, low, high } = bootstrapRate(counts, { ...DEFAULT_BOOTSTRAP, seed, draws, groups });
    return { metric, slice, value: rate, low, high, items: counts.length, counts: sumCounts(counts) };
  });
}
