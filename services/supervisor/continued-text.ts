/**
 * `text`, made to begin with `committed`, which was told already and cannot be taken back. A recognizer that was told of
 * it begins with it (ListenOptions.committed); where a replay heard the beginning otherwise all the same, the two are aligned
 * by the fewest changed characters (Levenshtein, the end of `text` free), and what follows the aligned part goes on after
 * `committed`.
 */
export function continuedText(committed: string, text: string): string {
  if (text.startsWith(committed)) return text;
  if (committed.startsWith(text)) return committed;
  return committed + text.slice(alignedEnd(committed, text));
}

/** Length of the beginning of `text` that is closest to `wanted`; of equals, the one that is most nearly as long. */
function alignedEnd(wanted: string, text: string): number {
  // Whole characters: a surrogate pair must not be torn.
  const rows = [...wanted];
  const columns = [...text];
  let costs = columns.map((_, j) => j + 1);
  costs.unshift(0);
  rows.forEach((row, i) => {
    const next = [i + 1];
    columns.forEach((column, j) => {
      next.push(Math.min(costs[j]! + (row === column ? 0 : 1), costs[j + 1]! + 1, next[j]! + 1));
    });
    costs = next;
  });
  const least = Math.min(...costs);
  const ends = costs.flatMap((cost, end) => (cost === least ? [end] : []));
  const distance = (end: number) => Math.abs(end - rows.length);
  const best = ends.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  return columns.slice(0, best).join('').length;
}
