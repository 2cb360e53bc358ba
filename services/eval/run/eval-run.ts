/**
 * One evaluation: every system on every item, each result into the journal as soon as it is there, then the summary. A run
 * that was interrupted replays its journal beside the data and goes on where it ends; since items and systems come in the
 * same order each time, that place is all that has to be known, and memory does not grow with the data set.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import { withLock } from '../../../models/manifest/store-lock.ts';
import type { EvalItem, EvalResults, EvalTask, ItemResult, RateMetric } from '../results.ts';
import type { DataSet, EvalSystem, ItemJudge, Summarize, SystemOutput } from './eval-system.ts';
import { type JournalLine, JournalWriter, journalLines } from './journal.ts';
import { mainRateFirst } from './main-rate.ts';
import { readingChanges } from './reading-changes.ts';
import {
  makeFolder,
  openRunRecord,
  RUN_FILES,
  type RunFingerprint,
  recordMemory,
  writeJsonFile,
} from './run-record.ts';
import { summarizeRun } from './summary.ts';
import type { Survey } from './survey.ts';

export interface EvalRunOptions {
  readonly task: EvalTask;
  readonly data: DataSet;
  /** What a first pass over the data found: how much there is. */
  readonly survey: Survey;
  /** At least one; the others are compared with the first. */
  readonly systems: readonly EvalSystem[];
  readonly judge: ItemJudge;
  readonly summarize: Summarize;
  /** Report folder; made where it is missing. */
  readonly folder: string;
  readonly fingerprint: RunFingerprint;
  readonly restart: boolean;
  /** The rate that a user asked for; undefined: the usual one of each language. */
  readonly mainRate: RateMetric | undefined;
  readonly seed: number;
  readonly draws: number;
  readonly command: readonly string[];
  readonly machine: EvalResults['machine'];
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: EvalProgress) => void) | undefined;
  /** Lines for people: what is waited for, what was repaired. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Milliseconds, and largest resident memory of this process in bytes: tests give their own. */
  readonly nowMs?: () => number;
  readonly peakMemoryBytes?: () => number;
}

export interface EvalProgress {
  /** Results that are there, those of earlier processes included, and how many there will be. */
  readonly done: number;
  readonly total: number;
  /** Null before this process has done anything that an estimate could rest on. */
  readonly leftMs: number | null;
  /** What is being done: the system that is loading, or the item under way. */
  readonly phase: 'loading' | 'running' | 'summarizing';
  readonly name: string;
}

/**
 * Runs, or goes on, and writes results.json. Whoever opened the systems closes them. Throws AppError: canceled (the journal
 * holds what was done), run_mismatch, output_unwritable, disk_full, the codes of the data set, and what ends a run (see
 * `endsRun`).
 */
export async function runEvaluation(options: EvalRunOptions): Promise<EvalResults> {
  const { folder, signal } = options;
  await makeFolder(folder);
  let told = false;
  const onWait = (): void => {
    if (!told) options.onNotice?.(`Another process works in ${folder}; waiting for it.`);
    told = true;
  };
  return withLock(join(folder, RUN_FILES.lock), () => new EvalRun(options).run(), { signal, onWait });
}

/**
 * Failures that say nothing of the item: models, disks, memory, peers. A run ends there and can go on later. All others
 * are the item's own, which then counts as an empty hypothesis.
 */
export function endsRun(error: AppError): boolean {
  const { exit } = error.kind;
  return error.code === 'canceled' || (exit >= 4 && exit <= 6 && error.code !== 'deadline_exceeded');
}

class EvalRun {
  readonly #options: EvalRunOptions;
  readonly #journalPath: string;
  readonly #clock: WorkClock;
  readonly #nowMs: () => number;
  readonly #prepared = new Set<EvalSystem>();
  #done = 0;

  constructor(options: EvalRunOptions) {
    this.#options = options;
    this.#journalPath = join(options.folder, RUN_FILES.items);
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#clock = new WorkClock(options.survey, options.systems);
  }

  async run(): Promise<EvalResults> {
    const { folder, fingerprint, restart, systems } = this.#options;
    const startedAt = new Date().toISOString();
    let record = await openRunRecord(folder, fingerprint, { restart, startedAt });
    try {
      await this.#fillJournal();
    } finally {
      const peak = this.#options.peakMemoryBytes ?? processPeakBytes;
      if (this.#prepared.size > 0) record = await recordMemory(folder, record, peak());
    }
    this.#report('summarizing', '');
    const results = await summarizeRun({
      ...this.#options,
      journalPath: this.#journalPath,
      startedAt: record.startedAt,
      peakMemoryBytes: record.peakMemoryBytes,
      systems: systems.map(({ name, settings, computes }) => ({ name, settings, computes })),
    });
    await writeJsonFile(join(folder, RUN_FILES.results), results);
    return results;
  }

  async #fillJournal(): Promise<void> {
    const { data, systems, signal, judge } = this.#options;
    const replay = new Replay(this.#journalPath);
    let writer: JournalWriter | undefined;
    try {
      for await (const item of data.items()) {
        let first: ItemResult | undefined;
        for (const system of systems) {
          signal.throwIfAborted();
          let result = await replay.next(item, system);
          if (result === null) {
            writer ??= await this.#openWriter(replay);
            result = await this.#judged(item, system, first);
            await writer.append(result);
          } else {
            judge.recall?.(item, result);
            this.#clock.skip(item, system);
          }
          first ??= result;
          this.#done++;
          this.#report('running', item.id);
        }
      }
      await replay.end();
      writer ??= await this.#openWriter(replay);
    } catch (error) {
      throw signal.aborted ? AppError.from(signal.reason, 'canceled') : error;
    } finally {
      await replay.close();
      await writer?.close();
    }
  }

  /** Opens the journal for appending; whatever follows its last whole line is cut off. */
  async #openWriter({ keptBytes }: Replay): Promise<JournalWriter> {
    const size = (await stat(this.#journalPath).catch(() => null))?.size ?? 0;
    if (size > keptBytes) {
      this.#options.onNotice?.(
        `${RUN_FILES.items} ends in a line that is not whole (${size - keptBytes} bytes); it is done again.`,
      );
    }
    return JournalWriter.open(this.#journalPath, keptBytes);
  }

  async #judged(item: EvalItem, system: EvalSystem, first: ItemResult | undefined): Promise<ItemResult> {
    const { task, judge, mainRate, signal } = this.#options;
    if (!this.#prepared.has(system)) {
      if (system.prepare) {
        this.#report('loading', system.name);
        await system.prepare(signal);
      }
      this.#prepared.add(system);
    }
    const startedMs = this.#nowMs();
    let output: SystemOutput = { text: '' };
    let failure: AppError | undefined;
    try {
      output = await system.run(item, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = AppError.from(error);
      if (endsRun(failure)) throw failure;
    }
    const wallMs = this.#nowMs() - startedMs;
    this.#clock.add(item, system, wallMs);
    const error = failure && { error: { code: failure.code, message: failure.message } };
    const judgement = await judge.judge(item, { ...output, ...error }, { system: system.name });
    const base = task === 'gec' ? item.source : first?.error ? undefined : first?.rawHypothesis;
    const changes = failure || base === undefined ? [] : readingChanges(base, output.text);
    const durationS = output.durationS ?? item.durationS;
    const source = task === 'gec' ? item.source : undefined;
    return {
      id: item.id,
      system: system.name,
      language: item.language,
      set: item.set,
      group: item.group,
      rawHypothesis: output.text,
      ...(source === undefined ? {} : { source }),
      ...(changes.length === 0 ? {} : { changes }),
      ...judgement,
      rates: mainRateFirst(judgement, mainRate),
      // How long a failure takes is no speed.
      ...(system.computes && !failure ? { timings: rounded({ ...output.timings, totalMs: wallMs }) } : {}),
      ...(durationS === undefined ? {} : { durationS }),
      ...(output.llmRows === undefined ? {} : { llmRows: output.llmRows }),
      ...(output.llmRowsEager === undefined ? {} : { llmRowsEager: output.llmRowsEager }),
      ...(item.mediaPath === undefined ? {} : { mediaPath: item.mediaPath }),
      ...error,
    };
  }

  #report(phase: EvalProgress['phase'], name: string): void {
    const { onProgress, survey, systems } = this.#options;
    const total = survey.items * systems.length;
    onProgress?.({ phase, name, done: this.#done, total, leftMs: this.#clock.leftMs });
  }
}

/** Node counts in kilobytes, on every system; threads share the process, so their models are in it. */
function processPeakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Hundredths of a millisecond: below that a clock of this kind says nothing, and lines stay short. */
function rounded(timings: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(timings).map(([stage, ms]) => [stage, Math.round(ms * 100) / 100]));
}

/** The journal of earlier processes, line by line beside the items. */
class Replay {
  readonly #lines: AsyncGenerator<JournalLine>;
  #isOver = false;
  /** Bytes of the lines that were matched. */
  keptBytes = 0;

  constructor(path: string) {
    this.#lines = journalLines(path);
  }

  /** The result that is there for this item and system; null once the journal ends. @throws AppError run_mismatch */
  async next(item: EvalItem, system: EvalSystem): Promise<ItemResult | null> {
    const line = await this.#line();
    if (line === null) return null;
    const { id, system: name } = line.result;
    if (id !== item.id || name !== system.name) {
      const message = `line ${line.number} is ${id} by ${name}, where ${item.id} by ${system.name} is due.`;
      throw new AppError('run_mismatch', `${RUN_FILES.items}: ${message}`);
    }
    this.keptBytes = line.endBytes;
    return line.result;
  }

  /** Nothing may follow the last item. @throws AppError run_mismatch */
  async end(): Promise<void> {
    const line = await this.#line();
    if (line === null) return;
    throw new AppError('run_mismatch', `${RUN_FILES.items}: line ${line.number} lies beyond the end of the data set.`);
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }

  async #line(): Promise<JournalLine | null> {
    if (this.#isOver) return null;
    const { value, done } = await this.#lines.next();
    if (!done) return value;
    this.#isOver = true;
    return null;
  }
}

/** What the rest will take, by the seconds of audio where all items tell them, else by items. */
class WorkClock {
  readonly #byDuration: boolean;
  readonly #anyComputes: boolean;
  #leftWork: number;
  #doneWork = 0;
  #doneMs = 0;

  constructor(survey: Survey, systems: readonly EvalSystem[]) {
    this.#byDuration = survey.seconds !== null && survey.seconds > 0;
    this.#anyComputes = systems.some((system) => system.computes);
    const working = this.#anyComputes ? systems.filter((system) => system.computes).length : systems.length;
    this.#leftWork = working * (this.#byDuration ? survey.seconds! : survey.items);
  }

  get leftMs(): number | null {
    return this.#doneWork > 0 ? (this.#doneMs / this.#doneWork) * Math.max(0, this.#leftWork) : null;
  }

  add(item: EvalItem, system: EvalSystem, ms: number): void {
    const work = this.skip(item, system);
    this.#doneWork += work;
    if (work > 0) this.#doneMs += ms;
  }

  /** Work that need not be done any more: an earlier process did it. */
  skip(item: EvalItem, system: EvalSystem): number {
    if (this.#anyComputes && !system.computes) return 0;
    const work = this.#byDuration ? item.durationS! : 1;
    this.#leftWork -= work;
    return work;
  }
}
