/** Where a system's text differs from the one that it is compared with: pairs of readings, for people. */
import { align, unitsOf } from '../error-rate.ts';

export interface ReadingChange {
  readonly from: string;
  readonly to: string;
}

/** Longer pairs are not aligned: nobody reads their changes, and the table grows with the square. */
const ALIGNED_UNITS_MAX = 4_000;

/**
 * Stretches that differ, in order, by words and, where the script has no spaces, characters. Empty for equal texts; one
 * change from all to all for texts that are too long to align.
 */
export function readingChanges(from: string, to: string): ReadingChange[] {
  if (from === to) return [];
  const [before, after] = [unitsOf(from, 'mixed'), unitsOf(to, 'mixed')];
  if (Math.max(before.length, after.length) > ALIGNED_UNITS_MAX) return [{ from, to }];
  const changes: ReadingChange[] = [];
  let gone: string[] = [];
  let come: string[] = [];
  const flush = (): void => {
    if (gone.length + come.length > 0) changes.push({ from: joinUnits(gone), to: joinUnits(come) });
    gone = [];
    come = [];
  };
  for (const { kind, ref, hyp } of align(before, after)) {
    if (kind === 'hit') flush();
    else {
      if (ref !== undefined) gone.push(ref);
      if (hyp !== undefined) come.push(hyp);
    }
  }
  flush();
  return changes;
}

const UNSPACED_CHARACTER = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]$/u;

/** Words with spaces between them, characters without. */
function joinUnits(units: readonly string[]): string {
  return units.reduce((text, unit, i) => {
    const isTight = i === 0 || (UNSPACED_CHARACTER.test(unit) && UNSPACED_CHARACTER.test(units[i - 1]!));
    return text + (isTight ? '' : ' ') + unit;
  }, '');
}
