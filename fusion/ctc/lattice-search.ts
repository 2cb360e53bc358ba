import { AppError } from '../../models/core/app-error.ts';
import type { LatticeSearch, ReadOptions } from '../../models/core/page.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';
import type { ContextCache } from '../bytes/context-cache.ts';
import { compileFields } from './field.ts';
import { LatticeText } from './lattice-text.ts';
import { LATTICE_BEAMS_MAX } from './limits.ts';
import { PageSearch } from './page-search.ts';
import type { CtcPreset } from './presets.ts';

export interface LatticeRoom {
  /** Null while no language model is loaded: every page is then read by the recognizer alone. */
  readonly contexts: ContextCache | null;
  readonly alphabet: Alphabet;
  /** Traditional to Simplified, character by character: what the language model is shown, and the script `hans`. */
  readonly simplified: ReadonlyMap<string, string>;
  /** Simplified to Traditional, character by character: the script `hant`. */
  readonly traditional: ReadonlyMap<string, string>;
}

/** Overrides of the preset's numbers, for benches and tuning; users choose a mode, a language and lambda. */
export type CtcTuning = Partial<CtcPreset> & { readonly asking?: 'lazy' | 'eager' };

/** What the search needs to know of the options of reading. */
export type LatticeOptions = Pick<
  ReadOptions,
  | 'language'
  | 'mode'
  | 'llmWeight'
  | 'beams'
  | 'nBest'
  | 'script'
  | 'llmPrompt'
  | 'llmContextCharsMax'
  | 'fields'
  | 'explain'
>;

/**
 * The search over the lines of a page that `options` ask for: greedy, plain prefix beam or fused. Fields are compiled
 * here, once for all pages.
 * @throws AppError invalid_option
 */
export function latticeSearch(room: LatticeRoom, options: LatticeOptions, tuning: CtcTuning = {}): LatticeSearch {
  check('beams', options.beams, 1, LATTICE_BEAMS_MAX);
  check('nBest', options.nBest, 1, LATTICE_BEAMS_MAX);
  check('llmWeight', options.llmWeight ?? 0, 0, Number.MAX_VALUE);
  const fields = compileFields(options.fields);
  const table = { hans: room.simplified, hant: room.traditional, keep: new Map<string, string>() }[options.script];
  const text = new LatticeText(room.alphabet, table);
  return (page, signal) => new PageSearch({ ...room, text, fields }, options, tuning).read(page, signal);
}

function check(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new AppError('invalid_option', `${name} is ${value}; it must be ${least} to ${most}`);
}
