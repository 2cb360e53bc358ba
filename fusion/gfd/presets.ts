import { AppError } from '../../models/core/app-error.ts';
import type { LengthUnit } from './weights.ts';

/** The numbers that a preset fixes. */
export interface Preset {
  readonly llmWeight: number;
  readonly lengthUnit: LengthUnit;
  readonly byteBonusNats: number;
  /** Candidates per beam, as a multiple of the number of beams. */
  readonly widthPerBeam: number;
  readonly mergeEqual: boolean;
}

const BASE = { lengthUnit: 'none', widthPerBeam: 2, mergeEqual: true } as const;

/**
 * The default, by language: what measured best on the development clips (docs/benchmarks.md, "Choosing r and N"). A
 * language without a measurement of its own takes `other`: fusion exists only where it was measured.
 */
const DEFAULT: Readonly<Record<string, Preset>> = {
  zh: { ...BASE, llmWeight: 0.25, byteBonusNats: 2 },
  en: { ...BASE, llmWeight: 0.1, byteBonusNats: 1 },
  other: { ...BASE, llmWeight: 0, byteBonusNats: 1 },
};

export const PRESETS = ['default', 'gfd-paper'] as const;

/** Throws `invalid_option` for an unknown preset. `gfd-paper` has its own search (paper-search.ts). */
export function presetFor(name: string, language: string): Preset {
  if (!PRESETS.some((known) => known === name)) {
    throw new AppError('invalid_option', `Preset ${name} is unknown; there are ${PRESETS.join(' and ')}.`);
  }
  return DEFAULT[language] ?? DEFAULT['other']!;
}
