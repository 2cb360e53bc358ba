/**
 * What an evaluation leaves behind: `results.json` (EvalResults) and `items.jsonl` (one ItemResult per line) in the report
 * folder. The report page and `eval compare` read nothing else.
 */
import type { PairedEstimate } from './bootstrap.ts';
import type { EditCounts } from './error-rate.ts';

export type EvalTask = 'asr' | 'ocr' | 'gec' | 'darag' | 'ner';

/** One thing to be judged, as the readers of data sets give it. */
export interface EvalItem {
  /** Unique in its data set: path, utterance id, or line number. */
  readonly id: string;
  /** `manifest.jsonl:12`, for messages. */
  readonly where: string;
  /** ISO 639-1; 'und' where nothing says. */
  readonly language: string;
  /** Name of the collection, '' where none is given. */
  readonly set: string;
  /** Speaker, recording or document: what the bootstrap draws together. The id where nothing says. */
  readonly group: string;
  /** Absolute path of the audio, image or PDF. */
  readonly mediaPath?: string;
  readonly durationS?: number;
  /** Text to be corrected (gec). */
  readonly source?: string;
  /** What a recognizer said, best first (darag); natural logs where there are any. */
  readonly hypotheses?: readonly { readonly text: string; readonly logProb?: number }[];
  /** One for asr, ocr, darag, ner; one or more for gec. */
  readonly references: readonly string[];
  /** Gold edits of an M2 file: one list per annotator. */
  readonly goldEdits?: readonly (readonly GoldEdit[])[];
  /** Entities that the reference holds (ner, entity recall). */
  readonly entities?: readonly string[];
  /** Lines of the page with their boxes (ocr): corners x, y in pixels. */
  readonly lines?: readonly { readonly text: string; readonly quad: readonly number[] }[];
}

/** One edit of an M2 file. Offsets count tokens of the source; `start === end` inserts. */
export interface GoldEdit {
  readonly start: number;
  readonly end: number;
  readonly type: string;
  /** Tokens joined by spaces; '' deletes. More than one: alternatives. */
  readonly corrections: readonly string[];
}

export type RateMetric = 'WER' | 'CER' | 'MER';

/** True positives, false positives, false negatives. */
export interface Hits {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

/** One item judged for one system: a line of items.jsonl. */
export interface ItemResult {
  readonly id: string;
  readonly system: string;
  readonly language: string;
  readonly set: string;
  readonly group: string;
  /** As scored: normalized. */
  readonly reference: string;
  readonly hypothesis: string;
  /** As the system wrote it. */
  readonly rawHypothesis: string;
  /** Edit counts by metric. The first is the one that the language is usually reported by. */
  readonly rates: Partial<Record<RateMetric, EditCounts>>;
  readonly source?: string;
  /** Edits against the gold edits (gec): by type, `all` for the sum. */
  readonly edits?: Readonly<Record<string, Hits>>;
  /** gec: the source needed no change; the system changed it. */
  readonly clean?: { readonly sourceCorrect: boolean; readonly changed: boolean };
  readonly entities?: Hits;
  /** Numbers of the reference that stand in the hypothesis, digit for digit. */
  readonly numbers?: Hits;
  /** Letters that a reader easily confuses (Turkish ğ ı İ ş ç ö ü), by letter. */
  readonly letters?: Readonly<Record<string, Hits>>;
  /** ocr: lines of the reference that were found, of all; lines found that are none. */
  readonly detection?: Hits;
  /** ocr: 1 - normalized edit distance of the whole text, 0..1. */
  readonly oneMinusNed?: number;
  /** ocr: characters in error where lines may come in any order and may be joined or split. */
  readonly anyOrder?: EditCounts;
  /** ocr: words of the reference that were read without an error. */
  readonly words?: { readonly right: number; readonly total: number };
  /** Probability that the system gave a word (or character), and whether it was right. */
  readonly confidences?: readonly (readonly [confidence: number, right: 0 | 1])[];
  readonly changes?: readonly { readonly from: string; readonly to: string }[];
  /** Wall-clock milliseconds by stage; `totalMs` always. */
  readonly timings?: Readonly<Record<string, number>>;
  readonly durationS?: number;
  readonly llmRows?: number;
  readonly llmRowsEager?: number;
  readonly mediaPath?: string;
  /** The item failed; it then counts as an empty hypothesis. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** One number of the result, over all items or a slice of them. */
export interface MetricRow {
  /** WER, CER, MER, `entity recall`, `F0.5`, `precision`, `recall`, `over-correction`, `1-NED`, `RTF`, ... */
  readonly metric: string;
  /** '' for all; else such as `lang=zh`, `set=aishell1`, `type=S`. */
  readonly slice: string;
  /** NaN is written as null: there was nothing to measure. */
  readonly value: number | null;
  /** Ends of the 95% bootstrap interval, where one makes sense. */
  readonly low?: number;
  readonly high?: number;
  /** Items behind it. */
  readonly items: number;
  readonly counts?: EditCounts | Hits;
}

export interface SystemResult {
  /** Label: `r=0`, `default`, `hyp:FILE`. */
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly metrics: readonly MetricRow[];
  readonly failed: number;
  readonly peakMemoryBytes?: number;
}

export interface EvalResults {
  readonly format: 'bytefuse-eval';
  readonly version: 1;
  readonly task: EvalTask;
  readonly command: readonly string[];
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Git commit of this project, with `+` where the tree was changed; null outside a checkout. */
  readonly commit: string | null;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly node: string;
  };
  readonly models: readonly { readonly name: string; readonly role: string; readonly sha256: string }[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly data: { readonly location: string; readonly form: string; readonly items: number };
  readonly systems: readonly SystemResult[];
  /** Each system against the first, by the main metric. */
  readonly comparisons: readonly Comparison[];
  /** File beside this one. */
  readonly itemsFile: 'items.jsonl';
}

export interface Comparison extends PairedEstimate {
  readonly a: string;
  readonly b: string;
  readonly metric: string;
  readonly slice: string;
}
