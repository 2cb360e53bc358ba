/** Which byte strings may come out: a deterministic automaton over bytes. */
export interface ByteConstraint {
  readonly start: number;
  /** State after one more byte; REJECTED where no allowed string goes on like this. */
  next(state: number, byte: number): number;
  /** True where a string may end in this state. */
  accepts(state: number): boolean;
}

export const REJECTED = -1;

/** State after all of `bytes`, or REJECTED. */
export function advance(constraint: ByteConstraint, state: number, bytes: Uint8Array): number {
  for (const byte of bytes) {
    if (state === REJECTED) return REJECTED;
    state = constraint.next(state, byte);
  }
  return state;
}
