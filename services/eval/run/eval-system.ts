/** What is judged, and what the judging needs of its neighbors: the contracts of this folder. */
import type { ConfidentWord } from '../metric/word-confidence.ts';
import type { NormalizerOptions } from '../normalizer/text-normalizer.ts';
import type { EvalItem, EvalTask, ItemResult, MetricRow } from '../results.ts';

/** What a system made of one item. */
export interface SystemOutput {
  readonly text: string;
  /** Words as the system gave them, in order. */
  readonly words?: readonly ConfidentWord[];
  /** Lines found on a page, corners x, y in pixels. */
  readonly lines?: readonly { readonly text: string; readonly quad: readonly number[] }[];
  /** Milliseconds by stage; `totalMs` is set by the runner, to the wall clock of `run`. */
  readonly timings?: Readonly<Record<string, number>>;
  /** Length of the recording as decoded. */
  readonly durationS?: number;
  readonly llmRows?: number;
  readonly llmRowsEager?: number;
}

/** One competitor: our engine under one setting, a file of given hypotheses, a floor or a bound. */
export interface EvalSystem {
  /** Label, unique in a run: `r=0`, `default`, `hyp:FILE`. */
  readonly name: string;
  /** Everything that decides its output, as JSON: part of the run's fingerprint. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** False for texts that were read or picked: their time and memory say nothing of a system. */
  readonly computes: boolean;
  /** Loads and warms up, before its first item and outside of any timing. Called once. */
  prepare?(signal: AbortSignal): Promise<void>;
  /** Throws AppError; see `endsRun` for which ones end the run and which fail the item alone. */
  run(item: EvalItem, signal: AbortSignal): Promise<SystemOutput>;
  close?(): Promise<void>;
}

export interface DataSetFilters {
  readonly form?: string;
  /** For forms that do not say the language of their items. */
  readonly language?: string;
  /** Files with the corrected lines, where the data holds the sources alone (gec). */
  readonly targets?: readonly string[];
  readonly limit?: number;
  readonly sets?: readonly string[];
  readonly languages?: readonly string[];
}

export interface DataSet {
  /** The form that was found, or asked for. */
  readonly form: string;
  readonly location: string;
  /** In the same order at each call. Throws AppError with file and line. */
  items(): AsyncIterable<EvalItem>;
}

export type OpenDataSet = (location: string, options: DataSetFilters & { readonly task: EvalTask }) => Promise<DataSet>;

/** What the user asked of the normalizer; the rest is the judge's own default for language and task. */
export type NormalizerChoice = Partial<Pick<NormalizerOptions, 'script' | 'numerals'>>;

/** What comes from comparing an output with the item; the runner adds ids, times and changes. */
export type Judgement = Pick<ItemResult, 'reference' | 'hypothesis' | 'rates'> & Partial<ItemResult>;

/** Judges one run, item by item in the order of the journal. */
export interface ItemJudge {
  /** `error`: the system failed on the item; the output is then empty. */
  judge(
    item: EvalItem,
    output: SystemOutput & Pick<ItemResult, 'error'>,
    options: { readonly system: string },
  ): Judgement | Promise<Judgement>;
  /** Told of results that an earlier process judged, for judges whose later judgements depend on earlier ones. */
  recall?(item: EvalItem, result: ItemResult): void;
}

export type OpenJudge = (task: EvalTask, normalizer: NormalizerChoice) => ItemJudge;

export type Summarize = (
  items: AsyncIterable<ItemResult>,
  options: { readonly seed: number; readonly draws: number },
) => Promise<readonly MetricRow[]>;
