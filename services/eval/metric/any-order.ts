/**
 * Character errors of a page where reading order does not count: columns may be read across, lines may be joined or cut.
 * After the idea of flexible character accuracy (Clausner, Pletschacher and Antonacopoulos, "Flexible character accuracy
 * measure for reading-order-independent evaluation of OCR", 2020):
 *
 * 1. Equal lines of both sides are paired.
 * 2. Of all pairs of lines, the one whose shorter line lies best inside the longer one is paired (most characters less
 *    twice the errors); what is left of the longer line goes back as lines of its own. Repeated while more than half of
 *    some line fits somewhere.
 * 3. What is left on both sides is compared in its order.
 *
 * Choosing the best pair first need not find the least sum; where plain order has fewer errors, it counts.
 */
import { type EditCounts, editCounts, errorsOf, unitsOf } from '../error-rate.ts';
import { ANY_ORDER_CELLS_MAX } from './limits.ts';

/** A line or what is left of one. */
interface Piece {
  readonly units: readonly string[];
  readonly ids: Int32Array;
  live: boolean;
}

interface Fit {
  readonly ref: Piece;
  readonly hyp: Piece;
  /** Units of the shorter piece less twice the errors; above 0. */
  readonly score: number;
  /** Stretch of the longer piece: start <= unit < end. */
  readonly start: number;
  readonly end: number;
}

/**
 * `refLines` and `hypLines` are normalized; `plain` are the character counts of both texts in their own order, whose units
 * the result is counted in. Undefined where the page is too large (ANY_ORDER_CELLS_MAX).
 */
export function anyOrderEdits(
  refLines: readonly string[],
  hypLines: readonly string[],
  plain: EditCounts,
): EditCounts | undefined {
  const ids = new Map<string, number>();
  const [refs, hyps] = [pieces(refLines, ids), pieces(hypLines, ids)];
  pairEqual(refs, hyps);
  const [refRest, hypRest] = [refs.filter(isLive), hyps.filter(isLive)];
  const length = (all: readonly Piece[]) => all.reduce((sum, { units }) => sum + units.length, 0);
  if (length(refRest) * length(hypRest) > ANY_ORDER_CELLS_MAX) return undefined;
  const sum = { substitutions: 0, deletions: 0, insertions: 0 };
  const add = (counts: EditCounts) => {
    sum.substitutions += counts.substitutions;
    sum.deletions += counts.deletions;
    sum.insertions += counts.insertions;
  };
  let fits = refRest.flatMap((ref) => hypRest.flatMap((hyp) => fitOf(ref, hyp) ?? []));
  for (let best = bestOf(fits); best; best = bestOf(fits)) {
    const { ref, hyp, start, end } = best;
    const refIsLonger = ref.units.length > hyp.units.length;
    const longer = refIsLonger ? ref : hyp;
    const part = longer.units.slice(start, end);
    add(refIsLonger ? editCounts(part, hyp.units) : editCounts(ref.units, part));
    ref.live = false;
    hyp.live = false;
    const rests = [
      ...pieces([longer.units.slice(0, start).join('')], ids),
      ...pieces([longer.units.slice(end).join('')], ids),
    ];
    fits = fits.filter((fit) => fit.ref.live && fit.hyp.live);
    for (const rest of rests) {
      // A rest stands where its line stood, so that what is left keeps its order.
      const [own, other] = refIsLonger ? [refRest, hypRest] : [hypRest, refRest];
      own.splice(own.indexOf(longer), 0, rest);
      for (const piece of other.filter(isLive))
        fits.push(...((refIsLonger ? fitOf(rest, piece) : fitOf(piece, rest)) ?? []));
    }
  }
  const rest = (all: readonly Piece[]) => all.filter(isLive).flatMap(({ units }) => units);
  add(editCounts(rest(refRest), rest(hypRest)));
  const free = { refUnits: plain.refUnits, hypUnits: plain.hypUnits, ...sum };
  return errorsOf(free) < errorsOf(plain) ? free : plain;
}

function isLive(piece: Piece): boolean {
  return piece.live;
}

function pieces(lines: readonly string[], ids: Map<string, number>): Piece[] {
  return lines.flatMap((line) => {
    const units = unitsOf(line, 'char');
    if (units.length === 0) return [];
    const numbered = Int32Array.from(units, (unit) => {
      const id = ids.get(unit) ?? ids.size;
      ids.set(unit, id);
      return id;
    });
    return [{ units, ids: numbered, live: true }];
  });
}

function pairEqual(refs: readonly Piece[], hyps: readonly Piece[]): void {
  const byText = new Map<string, Piece[]>();
  for (const hyp of [...hyps].reverse()) {
    const text = hyp.units.join('');
    byText.set(text, [...(byText.get(text) ?? []), hyp]);
  }
  for (const ref of refs) {
    const hyp = byText.get(ref.units.join(''))?.pop();
    if (hyp) {
      ref.live = false;
      hyp.live = false;
    }
  }
}

/** Earlier lines first among equals. */
function bestOf(fits: readonly Fit[]): Fit | undefined {
  let best: Fit | undefined;
  for (const fit of fits) if (!best || fit.score > best.score) best = fit;
  return best;
}

/** The best place of the shorter piece in the longer one (Sellers 1980), an array of one; null where under half fits. */
function fitOf(ref: Piece, hyp: Piece): Fit[] | null {
  const [short, long] = ref.ids.length > hyp.ids.length ? [hyp.ids, ref.ids] : [ref.ids, hyp.ids];
  const cost = new Int32Array(long.length + 1);
  const start = Int32Array.from({ length: long.length + 1 }, (_, j) => j);
  for (let i = 1; i <= short.length; i++) {
    let diagonal = cost[0]!;
    let diagonalStart = start[0]!;
    cost[0] = i;
    for (let j = 1; j <= long.length; j++) {
      const [above, aboveStart] = [cost[j]!, start[j]!];
      let best = diagonal + (short[i - 1] === long[j - 1] ? 0 : 1);
      let from = diagonalStart;
      if (above + 1 < best) [best, from] = [above + 1, aboveStart];
      if (cost[j - 1]! + 1 < best) [best, from] = [cost[j - 1]! + 1, start[j - 1]!];
      cost[j] = best;
      start[j] = from;
      diagonal = above;
      diagonalStart = aboveStart;
    }
  }
  let end = 0;
  for (let j = 1; j <= long.length; j++) if (cost[j]! < cost[end]!) end = j;
  const score = short.length - 2 * cost[end]!;
  return score > 0 ? [{ ref, hyp, score, start: start[end]!, end }] : null;
}
