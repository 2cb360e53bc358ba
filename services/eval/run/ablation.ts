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

export interface AblationSetting<Overrides = AblationOverrides> {
  /** As written: the name of the system in every table. */
  readonly label: string;
  readonly overrides: Overrides;
}

/** Reads the value of one name of a setting; throws AppError invalid_option. */
export type OverrideReader<Overrides> = (value: string, label: string) => Overrides;

/** The recognizer alone, then the product as users run it. */
export const DEFAULT_ABLATION = 'r=0,default';

/** @throws AppError invalid_option: names the part and what it may be */
export function parseAblation(text: string): AblationSetting[] {
  return parseSettings(text, READERS);
}

/** Settings of any engine, whose overrides `readers` read by name. @throws AppError invalid_option */
export function parseSettings<Overrides extends object>(
  text: string,
  readers: Readonly<Record<string, OverrideReader<Overrides>>>,
): AblationSetting<Overrides>[] {
  const settings = text.split(',').map((part) => parseSetting(part.trim(), readers));
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

function parseSetting<Overrides extends object>(
  label: string,
  readers: Readonly<Record<string, OverrideReader<Overrides>>>,
): AblationSetting<Overrides> {
  if (label === '') throw invalid(label, 'a setting is empty');
  // Every override is optional: none at all is the default.
  let overrides = {} as Overrides;
  if (label === 'default') return { label, overrides };
  for (const part of label.split('+')) {
    const at = part.indexOf('=');
    const [name, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    const read = at < 0 ? undefined : readers[name];
    if (!read) {
      const known = `default, ${Object.keys(readers).join('=, ')}=`;
      throw invalid(label, `a setting is one of ${known}, joined by +`);
    }
    const override = read(value, label);
    if (Object.keys(override).some((key) => key in overrides)) throw invalid(label, `${name} stands there twice`);
    overrides = { ...overrides, ...override };
  }
  return { label, overrides };
}

const READERS: Readonly<Record<string, OverrideReader<AblationOverrides>>> = {
  r: (value, label) => ({ llmWeight: numberIn(value, label, 0, 1) }),
  preset: (value, label) => {
    const preset = PRESETS.find((known) => known === value);
    if (preset === undefined) throw invalid(label, `preset is one of ${PRESETS.join(', ')}`);
    return { preset };
  },
  exact: (value, label) => ({ exact: truth(value, label) }),
  vad: (value, label) => ({ vad: truth(value, label) }),
  previous: (value, label) => ({ conditionOnPreviousText: truth(value, label) }),
  beams: (value, label) => ({ beams: wholeIn('beams', value, label, BEAMS_MAX) }),
};

/** 1 to max. */
export function wholeIn(name: string, value: string, label: string, max: number): number {
  const number = numberIn(value, label, 1, max);
  if (!Number.isInteger(number)) throw invalid(label, `${name} is a whole number`);
  return number;
}

export function numberIn(value: string, label: string, min: number, max: number): number {
  const number = Number(value);
  if (value === '' || !(number >= min && number <= max)) {
    throw invalid(label, `the value must be a number from ${min} to ${max}`);
  }
  return number;
}

export function truth(value: string, label: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(label, 'the value must be true or false');
}

export function invalid(label: string, why: string): AppError {
  return new AppError('invalid_option', `--ablate has "${label}": ${why}.`);
}
