import { AppError } from '../core/app-error.ts';
import { BEAMS_MAX } from '../core/limits.ts';
import type { TranscribeOptions } from '../core/transcript.ts';

/**
 * Beams, thresholds and the ladder are those of the reference implementations, so that scores and fallbacks mean what
 * clients expect of them.
 */
export const defaultTranscribeOptions: TranscribeOptions = {
  language: 'auto',
  task: 'transcribe',
  beams: 5,
  nBest: 1,
  temperatures: [0, 0.2, 0.4, 0.6, 0.8, 1],
  compressionRatioMax: 2.4,
  avgLogProbMin: -1,
  noSpeechProbMax: 0.6,
  seed: 0,
  timestamps: 'segment',
  prompt: '',
  hotwords: [],
  conditionOnPreviousText: true,
  vad: true,
  exact: false,
  script: 'keep',
  llmWeight: undefined,
  preset: 'default',
  llmPrompt: '',
  llmContextCharsMax: 400,
  explain: false,
};

/** @throws AppError `invalid_option` where a number of the recognizer is out of its range */
export function checkTranscribeOptions(options: TranscribeOptions): void {
  const whole = (name: string, value: number, min: number, max: number) => {
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new AppError('invalid_option', `${name} is ${value}; it must be a whole number from ${min} to ${max}.`);
    }
  };
  whole('beams', options.beams, 1, BEAMS_MAX);
  whole('nBest', options.nBest, 1, options.beams);
  if (options.temperatures.length === 0) {
    throw new AppError('invalid_option', 'temperatures is empty; give at least one, such as 0.');
  }
  for (const temperature of options.temperatures) {
    if (!(temperature >= 0 && temperature <= 1)) {
      throw new AppError('invalid_option', `A temperature is ${temperature}; temperatures lie between 0 and 1.`);
    }
  }
}
