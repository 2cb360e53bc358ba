/** What is judged, and what the judging needs of its neighbors: the contracts of this folder. */
import type { NormalizerOptions } from '../normalizer/text-normalizer.ts';
import type { EvalItem, EvalTask, ItemResult, MetricRow, RateMetric } from '../results.ts';

/** What a system made of one item. */
export interface SystemOutput {
  readonly text: string;
  /** Words as the system gave them, in order, each with its probability, 0..1. */
  readonly words?: readonly { readonly text: string; readonly probability: number }[];
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

/** The fields of an ItemResult that come from comparing an output with the item. */
export type Judgement = Pick<ItemResult, 'reference' | 'hypothesis' | 'rates'> &
  Partial<
    Pick<
      ItemResult,
      'edits' | 'clean' | 'entities' | 'detection' | 'oneMinusNed' | 'words' | 'confidences' | 'changes' | 'source'
    >
  >;

export type JudgeItem = (
  task: EvalTask,
  item: EvalItem,
  output: SystemOutput,
  options: { readonly normalizer: NormalizerOptions; readonly mainRate: RateMetric | undefined },
) => Judgement | Promise<Judgement>;

export type Summarize = (
  task: EvalTask,
  items: AsyncIterable<ItemResult>,
  options: { readonly seed: number; readonly draws: number },
) => Promise<readonly MetricRow[]>;
