import { advance, type ByteConstraint, REJECTED } from '../../models/core/byte-constraint.ts';

/** The characters of a hypothesis as a node of a tree: equal texts are one node. */
export interface Prefix {
  readonly parent: Prefix | null;
  /** Entry of the alphabet; -1 at the root. */
  readonly id: number;
  /** Characters from the root. */
  readonly length: number;
  /** State of the field's constraint after this text; 0 where there is none, REJECTED where no text goes on like this. */
  readonly state: number;
}

/** The prefixes of one line. They are few: those that nobody holds any more are garbage. */
export class PrefixTree {
  readonly root: Prefix;
  #children = new WeakMap<Prefix, Map<number, Prefix>>();
  #constraint: ByteConstraint | null;
  #bytesOf: (id: number) => Uint8Array;

  constructor(bytesOf: (id: number) => Uint8Array, constraint: ByteConstraint | null = null) {
    this.#bytesOf = bytesOf;
    this.#constraint = constraint;
    this.root = { parent: null, id: -1, length: 0, state: constraint?.start ?? 0 };
  }

  child(parent: Prefix, id: number): Prefix {
    let children = this.#children.get(parent);
    if (!children) {
      children = new Map();
      this.#children.set(parent, children);
    }
    let found = children.get(id);
    if (!found) {
      const state =
        this.#constraint === null || parent.state === REJECTED
          ? parent.state
          : advance(this.#constraint, parent.state, this.#bytesOf(id));
      found = { parent, id, length: parent.length + 1, state };
      children.set(id, found);
    }
    return found;
  }

  /** True where the whole text may end here. */
  accepts({ state }: Prefix): boolean {
    return this.#constraint === null || (state !== REJECTED && this.#constraint.accepts(state));
  }
}

/** Entries from `from` (not included; null: from the root) to `prefix`. */
export function idsOf(prefix: Prefix, from: Prefix | null = null): number[] {
  const ids: number[] = [];
  for (let at: Prefix = prefix; at.parent !== null && at !== from; at = at.parent) ids.push(at.id);
  return ids.reverse();
}
