/**
 * `--ablate r=0,r=0.1,default,preset=gfd-paper+exact=true`: the settings to be compared, each a list of overrides
 * joined by +, over what the other options say.
 */
import { PRESETS } from '../../../fusion/gfd/presets.ts';
import { AppError } from '../../../models/core/app-error.ts';
import { BEAMS_MAX } from '../../../models/core/limits.ts';
import type { TranscribeOptions } from '../../../models/core/transcript.ts';
import { SYSTEMS_MAX } from './limits.ts';

export type AblationOverrides = Partial<
  Pick<TranscribeOptions, 'llmWeight' | 'preset' | 'exact' | 'beams' | 'vad' | 'conditionOnPreviousText'>
>;

export interface AblationSetting {
  /** As written: the name of the system in every table. */
  readonly label: string;
  readonly overrides: AblationOverrides;
}

/** The recognizer alone, then the product as users run it. */
export const DEFAULT_ABLATION = 'r=0,default';

/** @throws AppError invalid_option: names the part and what it may be */
export function parseAblation(text: string): AblationSetting[] {
  const settings = text.split(',').map((part) => parseSetting(part.trim()));
  if (settings.length > SYSTEMS_MAX) {
    throw new AppError(
      'invalid_option',
      `--ablate names ${settings.length} settings; at most ${SYSTEMS_MAX} fit a run.`,
    );
  }
  const seen = new Map<string, string>();
  for (const { label, overrides } of settings) {
    // Two spellings of one setting would be measured twice and look like two systems.
    const key = JSON.stringify(Object.entries(overrides).sort(([a], [b]) => (a < b ? -1 : 1)));
    const twin = seen.get(key);
    if (twin !== undefined) throw invalid(label, `it is the same setting as "${twin}"`);
    seen.set(key, label);
  }
  return settings;
}

function parseSetting(label: string): AblationSetting {
  if (label === '') throw invalid(label, 'a setting is empty');
  if (label === 'default') return { label, overrides: {} };
  let overrides: AblationOverrides = {};
  for (const part of label.split('+')) {
    const at = part.indexOf('=');
    const [name, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    const read = at < 0 ? undefined : READERS[name];
    if (!read) {
      const known = `default, ${Object.keys(READERS).join('=, ')}=`;
      throw invalid(label, `a setting is one of ${known}, joined by +`);
    }
    const override = read(value, label);
    if (Object.keys(override).some((key) => key in overrides)) throw invalid(label, `${name} stands there twice`);
    overrides = { ...overrides, ...override };
  }
  return { label, overrides };
}

const READERS: Readonly<Record<string, (value: string, label: string) => AblationOverrides>> = {
  r: (value, label) => ({ llmWeight: numberIn(value, label, 0, 1) }),
  preset: (value, label) => {
    const preset = PRESETS.find((known) => known === value);
    if (preset === undefined) throw invalid(label, `preset is one of ${PRESETS.join(', ')}`);
    return { preset };
  },
  exact: (value, label) => ({ exact: truth(value, label) }),
  vad: (value, label) => ({ vad: truth(value, label) }),
  previous: (value, label) => ({ conditionOnPreviousText: truth(value, label) }),
  beams: (value, label) => {
    const beams = numberIn(value, label, 1, BEAMS_MAX);
    if (!Number.isInteger(beams)) throw invalid(label, 'beams is a whole number');
    return { beams };
  },
};

function numberIn(value: string, label: string, min: number, max: number): number {
  const number = Number(value);
  if (value === '' || !(number >= min && number <= max)) {
    throw invalid(label, `the value must be a number from ${min} to ${max}`);
  }
  return number;
}

function truth(value: string, label: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(label, 'the value must be true or false');
}

function invalid(label: string, why: string): AppError {
  return new AppError('invalid_option', `--ablate has "${label}": ${why}.`);
}
