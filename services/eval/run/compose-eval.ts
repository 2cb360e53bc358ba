/**
 * The composition root of `bytefuse eval`: which reader, which judge, which systems. Everything that an evaluation is made
 * of meets here and nowhere else.
 */
import { join } from 'node:path';
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
  DEFAULT_OCR,
  readyModels,
  VAD_MODEL,
  type WantedModel,
} from '../../app/ready-models.ts';
import { openDataSet } from '../data/data-set.ts';
import { DATA_FORMS } from '../data/detect.ts';
import { judgeItem } from '../metric/judge.ts';
import { MetricSummary } from '../metric/summary.ts';
import { compareResults } from '../report/compare/compare-results.ts';
import { writeComparison } from '../report/compare/comparison-page.ts';
import { comparisonText } from '../report/compare/comparison-text.ts';
import { writeReport } from '../report/write-report.ts';
import type { LlmTextConfig } from '../rescore/llm-scorer-module.ts';
import { rescoreSystems } from '../rescore/rescore-systems.ts';
import { startScorerThread } from '../rescore/scorer-thread.ts';
import type { EvalResults, EvalTask, MetricRow } from '../results.ts';
import { type AblationSetting, DEFAULT_ABLATION, parseAblation } from './ablation.ts';
import { CorrectionJudge } from './correction-judge.ts';
import type { ComparedRuns, EvalParts, EvalRequest, GatherCalls, GatheredSystems } from './eval-request.ts';
import type { EvalSystem, ItemJudge, OpenDataSet, OpenJudge, Summarize } from './eval-system.ts';
import { DEFAULT_PAGE_ABLATION, parsePageAblation, readsAlone } from './page-ablation.ts';
import { pageSystems } from './page-systems.ts';
import { makeFolder, RUN_FILES } from './run-record.ts';
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
  ocr: pageEngine,
};

/** Floors and bounds of each task. */
const FLOORS: Readonly<Partial<Record<EvalTask, (request: EvalRequest) => EvalSystem[]>>> = {
  gec: () => [sourceSystem()],
  darag: ({ normalizer }) => [firstSystem(), oracleSystem(normalizer)],
};

export const EVAL_PARTS: EvalParts = {
  openData,
  openJudge,
  summarize,
  writeReport,
  compareRuns,
  checkRequest,
  needsMedia: (request) => ['asr', 'ner', 'ocr'].includes(request.task) && usesEngine(request),
  gatherSystems,
};

/** Our engine takes part where settings are named, or nothing else is there to be judged. */
function usesEngine({ task, ablation, pageAblation = null, hypotheses }: EvalRequest): boolean {
  const isNamed = ablation !== null || pageAblation !== null;
  return ENGINES[task] !== undefined && (isNamed || hypotheses.length === 0);
}

function checkRequest(request: EvalRequest): void {
  const { task, ablation } = request;
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

/** The same for pages. */
async function pageEngine(request: EvalRequest, calls: GatherCalls): Promise<EngineParts> {
  const { deadlineS, reading = {} } = request.engine;
  const settings = request.pageAblation ?? parsePageAblation(DEFAULT_PAGE_ABLATION);
  const asking = settings.find((setting) => !readsAlone(setting));
  if (request.engine.open.llm === null && asking !== undefined) {
    throw new AppError('usage', `--llm none and --ablate ${asking.label} exclude each other.`);
  }
  const open = { ...request.engine.open, ...(asking === undefined ? { llm: null } : {}) };
  const { ocrModel = DEFAULT_OCR, llm = DEFAULT_LLM, device = 'cpu', threads = threadBudget() } = open;
  const wanted: (WantedModel & { role: string })[] = [
    { name: ocrModel, kind: 'ocr', role: 'recognizer' },
    ...(llm === null ? [] : [{ name: llm, kind: 'llm', role: 'language model' } as const]),
  ];
  return {
    systems: pageSystems({
      open: (signal) => openBytefuse({ ...open, modalities: ['page'], signal }),
      settings,
      base: reading,
      deadlineS,
    }),
    models: await identify(wanted, request, calls),
    settings: { device, threads, ...(deadlineS === undefined ? {} : { deadlineS }) },
  };
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

async function openData(...[location, options]: Parameters<OpenDataSet>): ReturnType<OpenDataSet> {
  const { form: wanted, ...filters } = options;
  const form = DATA_FORMS.find((known) => known === wanted);
  if (wanted !== undefined && form === undefined) {
    throw new AppError('invalid_option', `--form is "${wanted}"; it must be one of ${DATA_FORMS.join(', ')}.`);
  }
  return openDataSet(location, form === undefined ? filters : { ...filters, form });
}

function openJudge(...[task, normalizer]: Parameters<OpenJudge>): ItemJudge {
  if (task === 'gec') return new CorrectionJudge(normalizer);
  return { judge: (item, output, { system }) => judgeItem(task, item, output, { system, normalizer }) };
}

async function summarize(...[items, options]: Parameters<Summarize>): Promise<MetricRow[]> {
  const summary = new MetricSummary(options);
  for await (const item of items) summary.add(item);
  return summary.rows();
}

async function compareRuns(folderA: string, folderB: string, report: string | undefined): Promise<ComparedRuns> {
  const compared = await compareResults(folderA, folderB);
  const text = `${comparisonText(compared)}\n`;
  if (report === undefined) return { text, reportPath: null };
  await makeFolder(report);
  return { text, reportPath: await writeComparison(compared, join(report, RUN_FILES.comparison)) };
}
