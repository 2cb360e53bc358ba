/**
 * What a reading changed, for the eye: reference and hypothesis aligned by words where the script has spaces and by
 * characters where it has none (the units of MER), with the spaces put back and long unchanged stretches folded.
 */
import { align, unitsOf } from '../../error-rate.ts';
import { DIFF_CELLS_MAX, DIFF_CONTEXT_UNITS } from '../limits.ts';

export type DiffPart =
  | { readonly kind: 'same'; readonly text: string }
  /** An unchanged stretch whose units are only counted. */
  | { readonly kind: 'folded'; readonly units: number }
  /** `removed` stands in the reference only, `added` in the hypothesis only; one of them may be ''. */
  | { readonly kind: 'changed'; readonly removed: string; readonly added: string };

export interface TextDiff {
  readonly parts: readonly DiffPart[];
  /** Units at the end that were not aligned, since the texts are too long; of the longer one. */
  readonly leftOut: number;
}

interface Unit {
  readonly text: string;
  /** White space before it. */
  readonly space: string;
}

export function textDiff(reference: string, hypothesis: string): TextDiff {
  const ref = spacedUnits(reference);
  const hyp = spacedUnits(hypothesis);
  const fits = ref.length * hyp.length <= DIFF_CELLS_MAX;
  const most = fits ? Number.POSITIVE_INFINITY : Math.floor(Math.sqrt(DIFF_CELLS_MAX));
  const parts = grouped(ref.slice(0, most), hyp.slice(0, most)).flatMap(fold);
  return { parts, leftOut: fits ? 0 : Math.max(ref.length, hyp.length) - most };
}

function spacedUnits(text: string): Unit[] {
  const units: Unit[] = [];
  let at = 0;
  for (const unit of unitsOf(text, 'mixed')) {
    const found = text.indexOf(unit, at);
    units.push({ text: unit, space: text.slice(at, found) });
    at = found + unit.length;
  }
  return units;
}

type Folded = DiffPart | { readonly kind: 'run'; readonly units: readonly Unit[] };

/** Neighboring changes make one part, so that `removed` and `added` read as phrases. */
function grouped(ref: readonly Unit[], hyp: readonly Unit[]): Folded[] {
  const pairs = align(
    ref.map(({ text }) => text),
    hyp.map(({ text }) => text),
  );
  const parts: Folded[] = [];
  let same: Unit[] = [];
  let removed: Unit[] = [];
  let added: Unit[] = [];
  const endSame = () => {
    if (same.length > 0) parts.push({ kind: 'run', units: same });
    same = [];
  };
  const endChange = () => {
    if (removed.length + added.length > 0) {
      // The space before a change stays outside of it, unless it is all that tells the two apart.
      const space = (removed[0] ?? added[0])!.space;
      if (space !== '') parts.push({ kind: 'same', text: space });
      parts.push({ kind: 'changed', removed: joined(removed), added: joined(added) });
    }
    removed = [];
    added = [];
  };
  let i = 0;
  let j = 0;
  for (const { kind } of pairs) {
    if (kind === 'hit') {
      endChange();
      const unit = ref[i++]!;
      // The first word of the reference has no space before it; after an insertion it needs that of the hypothesis.
      same.push({ text: unit.text, space: unit.space || hyp[j]!.space });
      j++;
      continue;
    }
    endSame();
    if (kind !== 'insertion') removed.push(ref[i++]!);
    if (kind !== 'deletion') added.push(hyp[j++]!);
  }
  endSame();
  endChange();
  return parts;
}

function joined(units: readonly Unit[]): string {
  return units.map(({ text, space }, i) => (i === 0 ? text : space + text)).join('');
}

/** Keeps the ends of a long unchanged stretch. The first unit keeps the space before it. */
function fold(part: Folded): DiffPart[] {
  if (part.kind !== 'run') return [part];
  const { units } = part;
  const text = (some: readonly Unit[]) => some.map((unit) => unit.space + unit.text).join('');
  const hidden = units.length - 2 * DIFF_CONTEXT_UNITS;
  // Folding a few units would take more room than they do.
  if (hidden <= DIFF_CONTEXT_UNITS) return [{ kind: 'same', text: text(units) }];
  return [
    { kind: 'same', text: text(units.slice(0, DIFF_CONTEXT_UNITS)) },
    { kind: 'folded', units: hidden },
    { kind: 'same', text: text(units.slice(-DIFF_CONTEXT_UNITS)) },
  ];
}
