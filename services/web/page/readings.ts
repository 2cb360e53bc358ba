/** Texts before and after the fusion. */
import type { FusionChange } from '../../../models/core/stepwise.ts';

/** The text as the recognizer alone would have it: every change undone. One that does not stand where it says is passed over. */
export function withoutChanges(text: string, changes: readonly FusionChange[]): string {
  let out = '';
  let at = 0;
  for (const { recognized, chosen, offset } of [...changes].sort((a, b) => a.offset - b.offset)) {
    if (offset < at || !text.startsWith(chosen, offset)) continue;
    out += text.slice(at, offset) + recognized;
    at = offset + chosen.length;
  }
  return out + text.slice(at);
}

/** The change that a stretch of the text lies in, or touches. */
export function changeAt<Change extends FusionChange>(
  changes: readonly Change[],
  offset: number,
  length: number,
): Change | undefined {
  return changes.find((change) => {
    const end = change.offset + change.chosen.length;
    // A deletion has no letters: the word after it shows it.
    if (change.chosen === '') return change.offset >= offset && change.offset <= offset + length;
    return change.offset < offset + length && end > offset;
  });
}
