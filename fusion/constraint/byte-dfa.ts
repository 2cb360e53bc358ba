import { AppError } from '../../models/core/app-error.ts';
import { type ByteConstraint, REJECTED } from '../../models/core/byte-constraint.ts';
import { DFA_STATES_MAX } from './limits.ts';

/** One arc: bytes lo .. hi, both included, lead to `to`. */
export interface ByteArc {
  readonly lo: number;
  readonly hi: number;
  readonly to: number;
}

export interface DfaState {
  readonly accepts: boolean;
  /** In the order of their bytes, without overlap. */
  readonly arcs: readonly ByteArc[];
}

/**
 * A deterministic automaton as lists of arcs. Invariant: from every state that `next` answers some accepted string can
 * still be reached, so a search never walks into a dead end.
 */
export class ByteDfa implements ByteConstraint {
  readonly start: number;
  readonly #accepts: Uint8Array;
  readonly #firsts: Int32Array;
  readonly #los: Uint8Array;
  readonly #his: Uint8Array;
  readonly #tos: Int32Array;

  /** @throws AppError invalid_option where no string at all is accepted; `what` names the constraint */
  constructor(start: number, states: readonly DfaState[], what: string) {
    const alive = aliveStates(states);
    if (!alive[start]) throw new AppError('invalid_option', `No string satisfies ${what}`);
    this.start = start;
    this.#accepts = Uint8Array.from(states, ({ accepts }) => (accepts ? 1 : 0));
    const arcs = states.map((state) => state.arcs.filter(({ to }) => alive[to]));
    this.#firsts = new Int32Array(states.length + 1);
    for (let state = 0; state < states.length; state++) {
      this.#firsts[state + 1] = this.#firsts[state]! + arcs[state]!.length;
    }
    const all = arcs.flat();
    this.#los = Uint8Array.from(all, ({ lo }) => lo);
    this.#his = Uint8Array.from(all, ({ hi }) => hi);
    this.#tos = Int32Array.from(all, ({ to }) => to);
  }

  get size(): number {
    return this.#accepts.length;
  }

  next(state: number, byte: number): number {
    let low = this.#firsts[state]!;
    let high = this.#firsts[state + 1]! - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (byte < this.#los[middle]!) high = middle - 1;
      else if (byte > this.#his[middle]!) low = middle + 1;
      else return this.#tos[middle]!;
    }
    return REJECTED;
  }

  accepts(state: number): boolean {
    return this.#accepts[state] === 1;
  }
}

/** An automaton whose states are values, found one by one. */
export interface ImplicitDfa<S> {
  readonly start: S;
  /** Equal states have equal keys. */
  key(state: S): string;
  /** Null: rejected. */
  next(state: S, byte: number): S | null;
  accepts(state: S): boolean;
}

/** All states that can be reached. @throws AppError invalid_option beyond DFA_STATES_MAX; `what` names the constraint */
export function exploreDfa<S>(implicit: ImplicitDfa<S>, what: string): ByteDfa {
  const numbers = new Map([[implicit.key(implicit.start), 0]]);
  const open = [implicit.start];
  const states: DfaState[] = [];
  for (let at = 0; at < open.length; at++) {
    const state = open[at]!;
    const arcs: ByteArc[] = [];
    for (let byte = 0; byte < 256; byte++) {
      const next = implicit.next(state, byte);
      if (next === null) continue;
      const key = implicit.key(next);
      let to = numbers.get(key);
      if (to === undefined) {
        to = open.length;
        if (to >= DFA_STATES_MAX) {
          throw new AppError('invalid_option', `${what} needs more than ${DFA_STATES_MAX} states; make it simpler`);
        }
        numbers.set(key, to);
        open.push(next);
      }
      const last = arcs[arcs.length - 1];
      if (last && last.to === to && last.hi === byte - 1) arcs[arcs.length - 1] = { ...last, hi: byte };
      else arcs.push({ lo: byte, hi: byte, to });
    }
    states.push({ accepts: implicit.accepts(state), arcs });
  }
  return new ByteDfa(0, states, what);
}

/** States from which an accepting state can be reached. */
function aliveStates(states: readonly DfaState[]): Uint8Array {
  const into: number[][] = states.map(() => []);
  states.forEach(({ arcs }, from) => {
    for (const { to } of arcs) into[to]!.push(from);
  });
  const alive = new Uint8Array(states.length);
  const open = states.flatMap(({ accepts }, state) => (accepts ? [state] : []));
  for (const state of open) alive[state] = 1;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const from of into[state]!) {
      if (alive[from]) continue;
      alive[from] = 1;
      open.push(from);
    }
  }
  return alive;
}
