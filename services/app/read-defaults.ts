import { AppError } from '../../models/core/app-error.ts';
import { BEAMS_MAX } from '../../models/core/limits.ts';
import type { ReadOptions } from '../../models/core/page.ts';
import { PDF_DPI_DEFAULT } from '../intake/limits.ts';

/** What reading a document takes where the caller says nothing. Weights and beams are the presets' (fusion/ctc). */
export const defaultReadOptions: ReadOptions = {
  language: 'auto',
  mode: 'fused',
  llmWeight: undefined,
  beams: 8,
  nBest: 1,
  script: 'keep',
  llmPrompt: '',
  llmContextCharsMax: 160,
  orient: true,
  deskew: true,
  singleLine: 'auto',
  textLayer: 'auto',
  dpi: PDF_DPI_DEFAULT,
  pages: [],
  fields: [],
  explain: false,
};

/** Throws invalid_option, with the range. */
export function checkReadOptions({ beams, nBest, llmWeight, llmContextCharsMax, fields }: ReadOptions): void {
  if (!Number.isInteger(beams) || beams < 1 || beams > LINE_BEAMS_MAX) {
    throw new AppError('invalid_option', `beams is ${beams}; it must lie between 1 and ${LINE_BEAMS_MAX}.`);
  }
  if (!Number.isInteger(nBest) || nBest < 1 || nBest > beams) {
    throw new AppError('invalid_option', `nBest is ${nBest}; it must lie between 1 and beams (${beams}).`);
  }
  if (llmWeight !== undefined && !(llmWeight >= 0 && llmWeight <= LLM_WEIGHT_MAX)) {
    throw new AppError('invalid_option', `llmWeight is ${llmWeight}; it must lie between 0 and ${LLM_WEIGHT_MAX}.`);
  }
  if (!Number.isInteger(llmContextCharsMax) || llmContextCharsMax < 0) {
    throw new AppError('invalid_option', `llmContextCharsMax is ${llmContextCharsMax}; it must be 0 or more.`);
  }
  for (const { name, box } of fields) {
    const [left, top, right, bottom] = box;
    const inside = box.every((side) => side >= 0 && side <= 1);
    if (!inside || left >= right || top >= bottom) {
      throw new AppError(
        'invalid_option',
        `Field ${name}: its box must be left, top, right, bottom, shares from 0 to 1.`,
      );
    }
  }
}

/** Above this the language model alone would decide. */
export const LLM_WEIGHT_MAX = 10;
/** Hypotheses of a line: four times those of speech, for a line's are cheaper. */
export const LINE_BEAMS_MAX = 4 * BEAMS_MAX;
