/** Times for a corrected text: what a person left or replaced was spoken when the service heard it. */
import type { Word } from '../../../../models/core/transcript.ts';
import { align, unitsOf } from '../../../eval/error-rate.ts';
import { DIFF_CELLS_MAX } from '../../../eval/report/limits.ts';

/**
 * The units of `correction` (words; characters where the script has no spaces), each with the time of the word of `text`
 * that it stands for; an inserted one has that of the word before it. `words` are those of `text`. Empty where there are
 * none, or where the texts are too long to be aligned while a person waits.
 */
export function correctedWords(text: string, words: readonly Word[], correction: string): Word[] {
  const before = unitsOf(text, 'mixed');
  const after = unitsOf(correction, 'mixed');
  const timed = timedUnits(text, before, words);
  let last = timed.find((word) => word !== undefined);
  if (last === undefined || before.length * after.length > DIFF_CELLS_MAX) return [];
  const out: Word[] = [];
  let i = 0;
  for (const { kind, hyp } of align(before, after)) {
    if (kind !== 'insertion') last = timed[i++] ?? last;
    if (hyp !== undefined) out.push({ ...last, word: hyp });
  }
  return out;
}

/** For each unit the word that it begins in. */
function timedUnits(text: string, units: readonly string[], words: readonly Word[]): (Word | undefined)[] {
  const byOffset = new Map<number, Word>();
  let at = 0;
  for (const word of words) {
    const bare = word.word.trim();
    const found = text.indexOf(bare, at);
    if (found < 0) continue;
    at = found + bare.length;
    for (let offset = found; offset < at; offset++) byOffset.set(offset, word);
  }
  let from = 0;
  return units.map((unit) => {
    const found = text.indexOf(unit, from);
    from = found + unit.length;
    return byOffset.get(found);
  });
}
