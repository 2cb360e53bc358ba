/**
 * Levenshtein distance of two short words, all three costs 1. error-rate.ts counts kinds as well and takes any units; here
 * every word of a sentence meets every word of another, so this one holds code points in one small row and nothing else.
 */

/** Code points of a word. */
export function lettersOf(word: string): number[] {
  return Array.from(word, (letter) => letter.codePointAt(0)!);
}

export function letterDistance(a: readonly number[], b: readonly number[]): number {
  const row = new Uint32Array(b.length + 1);
  for (let j = 0; j < row.length; j++) row[j] = j;
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    const letter = a[i - 1];
    for (let j = 1; j < row.length; j++) {
      const above = row[j]!;
      let least = diagonal + (letter === b[j - 1] ? 0 : 1);
      if (above + 1 < least) least = above + 1;
      if (row[j - 1]! + 1 < least) least = row[j - 1]! + 1;
      row[j] = least;
      diagonal = above;
    }
  }
  return row[b.length]!;
}
