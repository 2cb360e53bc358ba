import { AppError } from '../core/app-error.ts';
import { LIVE_UTTERANCE_SECONDS_MAX } from '../core/limits.ts';
import { COMMIT_POLICIES, type ListenOptions } from '../core/live.ts';
import { checkTranscribeOptions, defaultTranscribeOptions } from './transcribe-defaults.ts';

/**
 * Turn detection is as clients of realtime services know it. Policy and interval are what measured best on the development
 * clips (docs/benchmarks.md, "Live speech").
 */
export const defaultListenOptions: ListenOptions = {
  ...defaultTranscribeOptions,
  turnDetection: { threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 },
  policy: 'align-att',
  holdMs: undefined,
  partialIntervalMs: 500,
  lightFusion: true,
  utteranceSecondsMax: 20,
  returning: false,
};

/** Throws invalid_option, unknown values as well as numbers out of their range. */
export function checkListenOptions(options: ListenOptions): void {
  checkTranscribeOptions(options);
  const within = (name: string, value: number, min: number, max: number) => {
    if (!(value >= min && value <= max)) {
      throw new AppError('invalid_option', `${name} is ${value}; it must lie between ${min} and ${max}.`);
    }
  };
  if (!COMMIT_POLICIES.includes(options.policy)) {
    const known = COMMIT_POLICIES.join(' and ');
    throw new AppError('invalid_option', `policy is ${options.policy}; there are ${known}.`);
  }
  if (options.holdMs !== undefined) within('holdMs', options.holdMs, 0, 5000);
  within('partialIntervalMs', options.partialIntervalMs, 0, 10_000);
  within('utteranceSecondsMax', options.utteranceSecondsMax, 5, LIVE_UTTERANCE_SECONDS_MAX);
  if (options.turnDetection === null) return;
  const { threshold, prefixPaddingMs, silenceMs } = options.turnDetection;
  within('turnDetection.threshold', threshold, 0.05, 0.95);
  within('turnDetection.prefixPaddingMs', prefixPaddingMs, 0, 2000);
  within('turnDetection.silenceMs', silenceMs, 100, 10_000);
}
