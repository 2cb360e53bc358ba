/**
 * Our engine under several settings: one process, one copy of each model, which all of them share. It is opened when the
 * first item needs it, so that a finished run is summarized without models, and warmed up by a second of noise, so that
 * no item pays for loading.
 */
import { AppError } from '../../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../../../models/core/limits.ts';
import type { Transcript } from '../../../models/core/transcript.ts';
import type { Bytefuse, TranscribeRequest } from '../../app/bytefuse.ts';
import { SeededRandom } from '../random.ts';
import type { EvalItem } from '../results.ts';
import type { AblationSetting } from './ablation.ts';
import type { EvalSystem, SystemOutput } from './eval-system.ts';

export interface SpeechSystemsOptions {
  readonly open: (signal: AbortSignal) => Promise<Bytefuse>;
  readonly settings: readonly AblationSetting[];
  /** What the settings override. */
  readonly base: TranscribeRequest;
  /** Longest time on one recording, in seconds. */
  readonly deadlineS?: number | undefined;
}

export function speechSystems({ open, settings, base, deadlineS }: SpeechSystemsOptions): EvalSystem[] {
  let opening: Promise<Bytefuse> | undefined;
  const opened = (signal: AbortSignal): Promise<Bytefuse> => {
    opening ??= open(signal);
    return opening;
  };
  return settings.map(({ label, overrides }, number) => {
    const request: TranscribeRequest = { ...base, ...overrides, timestamps: 'word' };
    return {
      name: label,
      settings: { ...request },
      computes: true,
      prepare: async (signal) => {
        await warmUp(await opened(signal), request, signal);
      },
      run: async (item, signal) => {
        const limits = deadlineS === undefined ? [] : [AbortSignal.timeout(deadlineS * 1000)];
        const call = { signal: AbortSignal.any([signal, ...limits]) };
        const bytefuse = await opened(signal);
        const transcript = await bytefuse.transcribe(
          mediaOf(item),
          { ...request, language: spokenLanguage(item) },
          call,
        );
        return outputOf(transcript);
      },
      // The engine is shared: the first system's closing closes it.
      close: async () => {
        if (number === 0) await (await opening?.catch(() => undefined))?.close();
      },
    } satisfies EvalSystem;
  });
}

const WARM_UP_SECONDS = 1;

/** Noise, since silence would be skipped; what it is taken for does not matter. */
async function warmUp(bytefuse: Bytefuse, request: TranscribeRequest, signal: AbortSignal): Promise<void> {
  const random = new SeededRandom(1);
  const samples = Float32Array.from({ length: WARM_UP_SECONDS * SAMPLE_RATE_HZ }, () => 0.1 * (random.unit() - 0.5));
  const { allowTruncated, secondsMax, ...options } = request;
  // Chinese: both the language model and the table of scripts are loaded for it. One temperature: no ladder of retries.
  await bytefuse.transcribe({ samples }, { ...options, language: 'zh', vad: false, temperatures: [0] }, { signal });
}

function mediaOf({ mediaPath, where }: EvalItem): string {
  if (mediaPath === undefined) throw new AppError('manifest_malformed', `${where}: there is no recording`);
  return mediaPath;
}

function spokenLanguage({ language }: EvalItem): string {
  return language === 'und' || language === '' ? 'auto' : language.toLowerCase().split('-')[0]!;
}

function outputOf({ text, segments, units, duration, timings }: Transcript): SystemOutput {
  const sum = (pick: (stats: Transcript['units'][number]['stats']) => number): number =>
    units.reduce((total, { stats }) => total + pick(stats), 0);
  return {
    text,
    words: segments.flatMap(({ words = [] }) =>
      words.map(({ word, probability }) => ({ text: word, confidence: probability })),
    ),
    durationS: duration,
    timings: { ...timings },
    llmRows: sum((stats) => stats.llmRows),
    llmRowsEager: sum((stats) => stats.llmRowsEager),
  };
}
