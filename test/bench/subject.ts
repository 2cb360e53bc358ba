/**
 * Our side of a bench: recognizer, language model and search in this process, with the knobs that tuning needs. What a
 * user gets, with its workers, is measured by `ready.ts` and by the system `product` of `asr.ts`.
 */
import { Converter } from 'opencc-js/t2cn';
import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { type FusionTuning, fusionSearch } from '../../fusion/gfd/search.ts';
import { openAudio } from '../../models/audio/audio-file.ts';
import type { SearchStats, UnitSearch } from '../../models/core/stepwise.ts';
import type { TranscribeOptions, UnitResult } from '../../models/core/transcript.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { penalized } from '../../models/llm/row-distribution.ts';
import { plainBeam } from '../../models/whisper/plain-beam.ts';
import { defaultTranscribeOptions } from '../../models/whisper/transcribe-defaults.ts';
import { WhisperTranscriber } from '../../models/whisper/transcriber.ts';

export interface SubjectReply {
  readonly text: string;
  /** Wall-clock time of the clip, reading of the file included. */
  readonly seconds: number;
  readonly audioSeconds: number;
  readonly encodeSeconds: number;
  readonly llmSeconds: number;
  readonly stats: SearchStats;
  /** Sum over units of the winners' log-probabilities. */
  readonly recognizerLogProb: number;
  readonly llmLogProb: number;
}

export interface SubjectRequest {
  readonly options?: Partial<TranscribeOptions>;
  readonly tuning?: FusionTuning;
  /** Search by the recognizer's own beam, without any fusion code. */
  readonly plain?: boolean;
}

/** Settings under which the peer and we are compared: language given, no voice detector, five beams. */
export const BENCH_OPTIONS: Partial<TranscribeOptions> = { beams: 5, vad: false, conditionOnPreviousText: false };

export const NO_STATS: SearchStats = {
  steps: 0,
  llmRows: 0,
  llmRowsEager: 0,
  llmRowsFloor: 0,
  llmCalls: 0,
  llmMs: 0,
};

export class Subject {
  readonly scorer: LlmScorer | null;
  readonly #recognizer: WhisperTranscriber;
  readonly #contexts: ContextCache | null;
  readonly scriptTable: ReadonlyMap<string, string>;

  private constructor(recognizer: WhisperTranscriber, scorer: LlmScorer | null) {
    this.#recognizer = recognizer;
    this.scorer = scorer;
    this.#contexts = scorer && new ContextCache(scorer);
    this.scriptTable = simplifiedCharacters();
  }

  static async open(folders: { whisper: string; llm: string | null; threads: number }): Promise<Subject> {
    const { whisper, llm, threads } = folders;
    const recognizer = await WhisperTranscriber.open(whisper, { threads });
    return new Subject(recognizer, llm === null ? null : await LlmScorer.open(llm, { threads }));
  }

  async transcribe(path: string, language: string, request: SubjectRequest = {}): Promise<SubjectReply> {
    const options = { ...defaultTranscribeOptions, ...BENCH_OPTIONS, ...request.options, language };
    const started = performance.now();
    const source = await openAudio(path);
    try {
      const search = request.plain ? plainBeam(options) : this.#fusion(options, request.tuning ?? {});
      const units: UnitResult[] = [];
      const results = this.#recognizer.transcribe(source.chunks(), options, search, new AbortController().signal);
      for (;;) {
        const next = await results.next();
        if (!next.done) {
          units.push(next.value);
          continue;
        }
        const { duration, timings } = next.value;
        return {
          text: textOf(units),
          seconds: (performance.now() - started) / 1000,
          audioSeconds: duration,
          encodeSeconds: timings.encodeMs / 1000,
          llmSeconds: sumOf(units, ({ stats }) => stats.llmMs) / 1000,
          stats: sumStats(units.map((unit) => unit.stats)),
          recognizerLogProb: sumOf(units, ({ hypotheses }) => hypotheses[0]?.recognizerLogProb ?? 0),
          llmLogProb: sumOf(units, ({ hypotheses }) => hypotheses[0]?.fused?.llmLogProb ?? 0),
        };
      }
    } finally {
      await source.close();
    }
  }

  #fusion(options: TranscribeOptions, tuning: FusionTuning): UnitSearch {
    const room = {
      contexts: this.#contexts,
      alphabet: this.#recognizer.alphabet,
      scriptTable: this.scriptTable,
      reshape: penalized,
    };
    return fusionSearch(room, options, tuning);
  }

  async close(): Promise<void> {
    await this.#recognizer.dispose();
    await this.scorer?.dispose();
  }
}

export function sumStats(all: readonly SearchStats[]): SearchStats {
  const sum: Record<keyof SearchStats, number> = { ...NO_STATS };
  for (const stats of all) for (const key of Object.keys(sum) as (keyof SearchStats)[]) sum[key] += stats[key];
  return sum;
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

function textOf(units: readonly UnitResult[]): string {
  const segments = units.flatMap((unit) => unit.segments);
  return segments
    .map((segment) => segment.text)
    .join('')
    .trim();
}

/** Traditional to Simplified, one character for one: the table that the language model's view of the text uses. */
export function simplifiedCharacters(): Map<string, string> {
  const convert = Converter({ from: 't', to: 'cn' });
  const table = new Map<string, string>();
  for (let code = 0x3400; code <= 0x9fff; code++) {
    const character = String.fromCharCode(code);
    const simplified = convert(character);
    if (simplified !== character && [...simplified].length === 1) table.set(character, simplified);
  }
  return table;
}
