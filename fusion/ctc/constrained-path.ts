import { advance, type ByteConstraint, REJECTED } from '../../models/core/byte-constraint.ts';
import type { FrameEntries } from './frame-entries.ts';
import { FIELD_STATES_LIVE_MAX } from './limits.ts';

/** A path through the product of lattice and automaton. */
interface Step {
  readonly parent: Step | null;
  /** -1 where the frame added no character. */
  readonly added: number;
  readonly logProb: number;
}

/**
 * The likeliest path whose string the constraint accepts, over the product of frames, states of the automaton and last
 * entry (Viterbi): exact, so it finds one wherever the lattice holds one, which a beam cannot promise. Null where it
 * holds none. Beyond FIELD_STATES_LIVE_MAX pairs in one frame the least likely are dropped.
 */
export function constrainedPath(
  entries: FrameEntries,
  constraint: ByteConstraint,
  bytesOf: (id: number) => Uint8Array,
): number[] | null {
  const { frames, blank, starts, ids, logProbs } = entries;
  const next = stateTable(constraint, bytesOf);
  /** By state, then by last entry (the blank where a blank was last). */
  let live = new Map<number, Map<number, Step>>([
    [constraint.start, new Map([[blank, { parent: null, added: -1, logProb: 0 }]])],
  ]);
  for (let frame = 0; frame < frames; frame++) {
    const reached = new Map<number, Map<number, Step>>();
    let count = 0;
    const offer = (state: number, last: number, parent: Step, added: number, logProb: number): void => {
      let byLast = reached.get(state);
      if (!byLast) {
        byLast = new Map();
        reached.set(state, byLast);
      }
      const known = byLast.get(last);
      if (known !== undefined && known.logProb >= logProb) return;
      if (known === undefined) count++;
      // A chain of steps that add nothing is one step: only characters matter for the string.
      byLast.set(last, {
        parent: added < 0 ? parent.parent : parent,
        added: added < 0 ? parent.added : added,
        logProb,
      });
    };
    for (const [state, byLast] of live) {
      for (const [last, step] of byLast) {
        for (let i = starts[frame]!; i < starts[frame + 1]!; i++) {
          const id = ids[i]!;
          const logProb = step.logProb + logProbs[i]!;
          if (id === blank || id === last) offer(state, id, step, -1, logProb);
          else {
            const after = next(state, id);
            if (after !== REJECTED) offer(after, id, step, id, logProb);
          }
        }
      }
    }
    live = count > FIELD_STATES_LIVE_MAX ? likeliest(reached) : reached;
  }
  let best: Step | null = null;
  for (const [state, byLast] of live) {
    if (!constraint.accepts(state)) continue;
    for (const step of byLast.values()) if (best === null || step.logProb > best.logProb) best = step;
  }
  if (best === null) return null;
  const out: number[] = [];
  for (let at: Step | null = best; at !== null; at = at.parent) if (at.added >= 0) out.push(at.added);
  return out.reverse();
}

/** State after an entry, remembered: frames repeat the same few entries. */
function stateTable(constraint: ByteConstraint, bytesOf: (id: number) => Uint8Array) {
  const known = new Map<number, Map<number, number>>();
  return (state: number, id: number): number => {
    let byId = known.get(state);
    if (!byId) {
      byId = new Map();
      known.set(state, byId);
    }
    let after = byId.get(id);
    if (after === undefined) {
      after = advance(constraint, state, bytesOf(id));
      byId.set(id, after);
    }
    return after;
  };
}

function likeliest(reached: Map<number, Map<number, Step>>): Map<number, Map<number, Step>> {
  const all = [...reached].flatMap(([state, byLast]) => [...byLast].map(([last, step]) => ({ state, last, step })));
  all.sort((a, b) => b.step.logProb - a.step.logProb);
  const kept = new Map<number, Map<number, Step>>();
  for (const { state, last, step } of all.slice(0, FIELD_STATES_LIVE_MAX)) {
    const byLast = kept.get(state);
    if (byLast) byLast.set(last, step);
    else kept.set(state, new Map([[last, step]]));
  }
  return kept;
}
