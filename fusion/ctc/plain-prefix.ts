/**
 * CTC prefix beam search without a language model: the plain thing that the fused search must equal at lambda = 0. Each
 * prefix keeps two sums over its alignments, those that end in a blank and those that end in its last character:
 *
 *   blank:      P_b(l, t)  = P(l, t-1) * p(blank)
 *   last again: P_nb(l, t) = P_nb(l, t-1) * p(last),  and l + last from P_b(l, t-1) * p(last)
 *   other c:    P_nb(l + c, t) = P(l, t-1) * p(c)
 *
 * (Graves 2012, section 7.5.3; Hannun et al. 2014, arXiv 1408.2873, algorithm 1, without the word model.) Natural logs.
 */
import { IMPOSSIBLE, logAdd } from '../../models/core/logprob.ts';
import type { FrameEntries } from './frame-entries.ts';

export interface PlainReading {
  readonly ids: readonly number[];
  /** log P of the prefix, summed over the alignments that the beam kept. */
  readonly logProb: number;
}

/** A prefix as a node of a tree: equal prefixes are one node. */
interface Prefix {
  readonly parent: Prefix | null;
  readonly id: number;
  readonly children: Map<number, Prefix>;
}

interface Live {
  readonly prefix: Prefix;
  blank: number;
  nonBlank: number;
}

/** The best `beams` prefixes at the end, best first; ties: the prefix that was met first. */
export function plainPrefixSearch(entries: FrameEntries, beams: number): PlainReading[] {
  const root: Prefix = { parent: null, id: -1, children: new Map() };
  let live: Live[] = [{ prefix: root, blank: 0, nonBlank: IMPOSSIBLE }];
  for (let frame = 0; frame < entries.frames; frame++) {
    const next = new Map<Prefix, Live>();
    const at = (prefix: Prefix): Live => {
      let found = next.get(prefix);
      if (!found) {
        found = { prefix, blank: IMPOSSIBLE, nonBlank: IMPOSSIBLE };
        next.set(prefix, found);
      }
      return found;
    };
    for (const { prefix, blank, nonBlank } of live) {
      const total = logAdd(blank, nonBlank);
      for (let i = entries.starts[frame]!; i < entries.starts[frame + 1]!; i++) {
        const id = entries.ids[i]!;
        const logProb = entries.logProbs[i]!;
        if (id === entries.blank) {
          const same = at(prefix);
          same.blank = logAdd(same.blank, total + logProb);
        } else if (id === prefix.id) {
          if (nonBlank !== IMPOSSIBLE) {
            const same = at(prefix);
            same.nonBlank = logAdd(same.nonBlank, nonBlank + logProb);
          }
          if (blank !== IMPOSSIBLE) {
            const longer = at(child(prefix, id));
            longer.nonBlank = logAdd(longer.nonBlank, blank + logProb);
          }
        } else {
          const longer = at(child(prefix, id));
          longer.nonBlank = logAdd(longer.nonBlank, total + logProb);
        }
      }
    }
    live = [...next.values()].sort((a, b) => sum(b) - sum(a)).slice(0, beams);
  }
  return live.map((one) => ({ ids: idsOf(one.prefix), logProb: sum(one) }));
}

function child(prefix: Prefix, id: number): Prefix {
  let found = prefix.children.get(id);
  if (!found) {
    found = { parent: prefix, id, children: new Map() };
    prefix.children.set(id, found);
  }
  return found;
}

function idsOf(prefix: Prefix): number[] {
  const ids: number[] = [];
  for (let at: Prefix = prefix; at.parent !== null; at = at.parent) ids.push(at.id);
  return ids.reverse();
}

function sum({ blank, nonBlank }: Live): number {
  return logAdd(blank, nonBlank);
}
