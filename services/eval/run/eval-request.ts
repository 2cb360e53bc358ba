/** What a user asks to be evaluated, and the parts that do it: the seam between this folder and its neighbors. */
import type { BytefuseOptions, ReadRequest, TranscribeRequest } from '../../app/bytefuse.ts';
import type { EvalResults, EvalTask, RateMetric } from '../results.ts';
import type { AblationSetting } from './ablation.ts';
import type { DataSetFilters, EvalSystem, NormalizerChoice, OpenDataSet, OpenJudge, Summarize } from './eval-system.ts';
import type { HypothesisSpec } from './hypothesis-form.ts';
import type { PageSetting } from './page-ablation.ts';

export interface EvalRequest {
  readonly task: EvalTask;
  /** Folder or file of the data set, as the user gave it. */
  readonly location: string;
  readonly filters: DataSetFilters;
  readonly hypotheses: readonly HypothesisSpec[];
  /** Null where the user named no setting. */
  readonly ablation: readonly AblationSetting[] | null;
  /** The same of the task ocr, whose engine has other settings. */
  readonly pageAblation?: readonly PageSetting[] | null;
  readonly folder: string;
  readonly restart: boolean;
  readonly normalizer: NormalizerChoice;
  readonly mainRate: RateMetric | undefined;
  readonly seed: number;
  readonly draws: number;
  /** For results.json: the command line that repeats this. */
  readonly command: readonly string[];
  /** Models and decoding, where our engine takes part. */
  readonly engine: {
    readonly open: BytefuseOptions;
    readonly decoding: TranscribeRequest;
    /** ocr: what its settings override. */
    readonly reading?: ReadRequest;
    readonly deadlineS: number | undefined;
  };
}

export interface GatheredSystems {
  /** Floors and bounds: the first of all is what the others are compared with. Given hypotheses follow. */
  readonly before: readonly EvalSystem[];
  /** Systems that compute. */
  readonly after: readonly EvalSystem[];
  readonly models: EvalResults['models'];
  /** What decides their results beside their own settings, such as the device. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface GatherCalls {
  readonly signal: AbortSignal;
  readonly onNotice?: (text: string) => void;
}

export interface ComparedRuns {
  /** For the terminal, with a line feed at its end. */
  readonly text: string;
  readonly reportPath: string | null;
}

/** compose-eval.ts makes the real ones; tests give toys. */
export interface EvalParts {
  readonly openData: OpenDataSet;
  readonly openJudge: OpenJudge;
  readonly summarize: Summarize;
  /** Writes the page of a finished run and returns its path. */
  writeReport(folder: string): Promise<string>;
  /** What got better or worse from A to B; with a page in the folder `report`, where one is named. */
  compareRuns(folderA: string, folderB: string, report: string | undefined): Promise<ComparedRuns>;
  /** Before anything is opened. @throws AppError usage, invalid_option */
  checkRequest(request: EvalRequest): void;
  /** True where every item must name a recording or page. */
  needsMedia(request: EvalRequest): boolean;
  /** Names the systems of a request. They load nothing before their `prepare`. */
  gatherSystems(request: EvalRequest, calls: GatherCalls): Promise<GatheredSystems>;
}
