/** From the journal to results.json: one pass per system, and one in which systems meet item by item. */

import { PairedComparison } from '../metric/paired-comparison.ts';
import type { EvalResults, EvalTask, ItemResult, SystemResult } from '../results.ts';
import type { DataSet, EvalSystem, Summarize } from './eval-system.ts';
import { journalResults } from './journal.ts';
import { RUN_FILES, type RunFingerprint } from './run-record.ts';
import type { Survey } from './survey.ts';

export interface SummaryOptions {
  readonly task: EvalTask;
  readonly data: DataSet;
  readonly survey: Survey;
  readonly systems: readonly Pick<EvalSystem, 'name' | 'settings' | 'computes'>[];
  readonly summarize: Summarize;
  readonly fingerprint: RunFingerprint;
  readonly seed: number;
  readonly draws: number;
  readonly command: readonly string[];
  readonly machine: EvalResults['machine'];
  readonly journalPath: string;
  readonly startedAt: string;
  /** 0 where it was not measured. */
  readonly peakMemoryBytes: number;
  readonly signal: AbortSignal;
}

/** Equal journals, seeds and draws give equal results, but for `command` and `finishedAt`. */
export async function summarizeRun(options: SummaryOptions): Promise<EvalResults> {
  const { task, data, survey, fingerprint, seed, draws, systems } = options;
  const rated: SystemResult[] = [];
  for (const system of systems) rated.push(await rateSystem(system, options));
  return {
    format: 'bytefuse-eval',
    version: 1,
    task,
    command: options.command,
    startedAt: options.startedAt,
    finishedAt: new Date().toISOString(),
    commit: fingerprint.commit,
    machine: options.machine,
    models: fingerprint.models,
    settings: { ...fingerprint.settings, seed, draws },
    data: { location: data.location, form: data.form, items: survey.items },
    systems: rated,
    comparisons: systems.length < 2 ? [] : await compareSystems(options),
    itemsFile: RUN_FILES.items,
  };
}

async function rateSystem(system: SummaryOptions['systems'][number], options: SummaryOptions): Promise<SystemResult> {
  const { journalPath, seed, draws, summarize, peakMemoryBytes, signal } = options;
  const { name, settings, computes } = system;
  let failed = 0;
  async function* watched(): AsyncGenerator<ItemResult> {
    for await (const result of journalResults(journalPath, name)) {
      signal.throwIfAborted();
      if (result.error) failed++;
      yield result;
    }
  }
  const metrics = await summarize(watched(), { seed, draws });
  const peak = computes && peakMemoryBytes > 0 ? { peakMemoryBytes } : {};
  return { name, settings, metrics, failed, ...peak };
}

async function compareSystems({ task, systems, journalPath, seed, draws, signal }: SummaryOptions) {
  const comparison = new PairedComparison(
    systems.map(({ name }) => name),
    { isNer: task === 'ner' },
  );
  let results: ItemResult[] = [];
  for await (const result of journalResults(journalPath)) {
    signal.throwIfAborted();
    results.push(result);
    if (results.length < systems.length) continue;
    comparison.add(results);
    results = [];
  }
  return comparison.compare({ seed, draws });
}
