/**
 * How many units of the reference come through in order: the longest common subsequence. Hits of a cheapest alignment would
 * not do, since alignments of equal cost differ in hits (two words swapped are two substitutions, or a deletion, a hit and
 * an insertion).
 */
export function commonUnits(ref: readonly string[], hyp: readonly string[]): number {
  let head = 0;
  while (head < ref.length && head < hyp.length && ref[head] === hyp[head]) head++;
  const [a, b] = [ref.slice(head), hyp.slice(head)];
  const row = new Uint32Array(b.length + 1);
  for (const unit of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      row[j] = unit === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]!);
      diagonal = above;
    }
  }
  return head + row[b.length]!;
}
