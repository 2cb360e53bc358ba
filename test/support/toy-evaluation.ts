/** Toys for the tests of evaluation: data sets in memory, systems of one line, a judge by words. */
import { textEdits } from '../../services/eval/error-rate.ts';
import type { EvalItem, EvalTask, ItemResult } from '../../services/eval/results.ts';
import type { EvalParts, EvalRequest } from '../../services/eval/run/eval-request.ts';
import { type EvalRunOptions, runEvaluation } from '../../services/eval/run/eval-run.ts';
import type { DataSet, EvalSystem, ItemJudge, Summarize } from '../../services/eval/run/eval-system.ts';
import type { RunFingerprint } from '../../services/eval/run/run-record.ts';
import { surveyItems } from '../../services/eval/run/survey.ts';

export function toyItem(number: number, more: Partial<EvalItem> = {}): EvalItem {
  return {
    id: `item-${number}`,
    where: `toy:${number}`,
    language: 'en',
    set: '',
    group: `item-${number}`,
    references: [`word number ${number}`],
    ...more,
  };
}

export function toyItems(count: number, more: Partial<EvalItem> = {}): EvalItem[] {
  return Array.from({ length: count }, (_, i) => toyItem(i + 1, more));
}

export function toyData(items: Iterable<EvalItem> | (() => Iterable<EvalItem>)): DataSet {
  return {
    form: 'toy',
    location: 'toys',
    async *items() {
      yield* typeof items === 'function' ? items() : items;
    },
  };
}

/** A system that answers by `answer`; it counts its runs. */
export function toySystem(
  name: string,
  answer: (item: EvalItem) => string | Promise<string> = (item) => item.references[0]!,
): EvalSystem & { runs: number } {
  const system = {
    name,
    settings: { toy: name },
    computes: true,
    runs: 0,
    async run(item: EvalItem) {
      system.runs++;
      return { text: await answer(item) };
    },
  };
  return system;
}

export const toyJudge: ItemJudge = {
  judge: ({ references }, { text }) => ({
    reference: references[0]!,
    hypothesis: text,
    rates: { WER: textEdits(references[0]!, text, 'word') },
  }),
};

/** Counts items and errors, and holds nothing. */
export const toySummarize: Summarize = async (items) => {
  let count = 0;
  let errors = 0;
  for await (const { rates } of items) {
    count++;
    errors += rates.WER!.substitutions + rates.WER!.deletions + rates.WER!.insertions;
  }
  return [{ metric: 'errors', slice: '', value: errors, items: count }];
};

export type ToyRun = Pick<EvalRunOptions, 'data' | 'systems' | 'folder'> &
  Partial<EvalRunOptions> & { readonly settings?: Record<string, unknown> };

/** Runs an evaluation over toys. */
export async function runToys({ settings = {}, ...given }: ToyRun) {
  const { task = 'asr', data, systems } = given;
  const signal = given.signal ?? new AbortController().signal;
  const fingerprint: RunFingerprint = {
    task,
    data: { location: data.location, form: data.form, identity: 'toy' },
    systems: systems.map(({ name, settings: own }) => ({ name, settings: own })),
    settings,
    models: [],
    commit: 'c0ffee',
  };
  return runEvaluation({
    task,
    survey: await surveyItems(task, data.items(), { location: data.location, needsMedia: false, signal }),
    judge: toyJudge,
    summarize: toySummarize,
    fingerprint,
    restart: false,
    mainRate: undefined,
    seed: 1,
    draws: 50,
    command: ['toy'],
    machine: { cpu: 'toy', cores: 1, memoryBytes: 1, node: 'v0' },
    peakMemoryBytes: () => 1000,
    ...given,
    signal,
  });
}

/** Parts over toys: `systems` compute, the data set is `items`. */
export function toyParts(items: readonly EvalItem[], systems: readonly EvalSystem[]): EvalParts {
  return {
    openData: async (location, { limit }) => ({ ...toyData(items.slice(0, limit)), location }),
    openJudge: () => toyJudge,
    summarize: toySummarize,
    writeReport: async (folder) => `${folder}/report.html`,
    compareRuns: async () => ({ text: '', reportPath: null }),
    checkRequest: () => undefined,
    needsMedia: () => false,
    gatherSystems: async () => ({ before: [], after: systems, models: [], settings: {} }),
  };
}

export function toyRequest(task: EvalTask, location: string, folder: string, more: Partial<EvalRequest> = {}) {
  return {
    task,
    location,
    filters: {},
    hypotheses: [],
    ablation: null,
    folder,
    restart: false,
    normalizer: {},
    mainRate: undefined,
    seed: 1,
    draws: 50,
    command: ['toy'],
    engine: { open: {}, decoding: {}, deadlineS: undefined },
    ...more,
  } satisfies EvalRequest;
}

export function toyResult(id: string, system: string, more: Partial<ItemResult> = {}): ItemResult {
  return {
    id,
    system,
    language: 'en',
    set: '',
    group: id,
    reference: 'a b',
    hypothesis: 'a b',
    rawHypothesis: 'a b',
    rates: { WER: { refUnits: 2, hypUnits: 2, substitutions: 0, deletions: 0, insertions: 0 } },
    ...more,
  };
}
