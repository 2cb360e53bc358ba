/**
 * Loops: at the edge of what it understands Whisper may repeat a few tokens until the window's tokens are spent. A
 * loop is a unit of text tokens that ends the hypothesis and stands there several times in a row.
 */

/** Longest unit that is looked for: a long sentence. */
const UNIT_TOKENS_MAX = 32;
/** A loop must be at least this long: people do say "no, no, no, no". */
const LOOP_TOKENS_MIN = 30;
/** And have at least so many rounds. */
const ROUNDS_MIN = 4;

/**
 * Length of the repeated unit and number of rounds of the loop that ends `tokens`, or null. Special tokens are
 * skipped.
 */
export function endingLoop(
  tokens: readonly number[],
  endOfText: number,
): { readonly unit: number; readonly rounds: number } | null {
  const text = tokens.filter((token) => token < endOfText);
  for (let unit = 1; unit <= Math.min(UNIT_TOKENS_MAX, Math.floor(text.length / ROUNDS_MIN)); unit++) {
    let same = 0;
    while (same + unit < text.length && text[text.length - 1 - same] === text[text.length - 1 - same - unit]) same++;
    const rounds = Math.floor(same / unit) + 1;
    if (rounds >= ROUNDS_MIN && rounds * unit >= LOOP_TOKENS_MIN) return { unit, rounds };
  }
  return null;
}

export function isLooping(tokens: readonly number[], endOfText: number): boolean {
  if (tokens.length < LOOP_TOKENS_MIN) return false;
  return endingLoop(tokens, endOfText) !== null;
}

/** Places of `tokens` that stay when the loop that ends them is cut to its first round; all where there is none. */
export function placesWithoutLoop(tokens: readonly number[], endOfText: number): number[] {
  const loop = endingLoop(tokens, endOfText);
  let drop = loop === null ? 0 : (loop.rounds - 1) * loop.unit;
  const places: number[] = [];
  for (let i = tokens.length - 1; i >= 0; i--) {
    if (drop > 0 && tokens[i]! < endOfText) drop--;
    else places.push(i);
  }
  return places.reverse();
}
