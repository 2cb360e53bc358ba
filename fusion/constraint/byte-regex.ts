import { AppError } from '../../models/core/app-error.ts';
import { type ByteDfa, exploreDfa } from './byte-dfa.ts';
import { NFA_STATES_MAX, PATTERN_LEN_MAX } from './limits.ts';
import { type Pattern, parsePattern } from './regex-parser.ts';
import { utf8Ranges } from './utf8-ranges.ts';

/** A state of the nondeterministic automaton: either arcs over bytes, or steps without any. */
interface NfaState {
  readonly arcs: { readonly lo: number; readonly hi: number; readonly to: number }[];
  readonly free: number[];
}

/**
 * Strings that match a pattern as a whole (regex-parser.ts says which patterns), as an automaton over their UTF-8: built
 * state by state from the pattern (Thompson 1968), then made deterministic by subsets.
 * `lenMax`: characters allowed; the formats of this folder are longer than what a person writes.
 * @throws AppError invalid_option for what is not supported, too many states, or a pattern that nothing matches
 */
export function byteRegex(source: string, lenMax = PATTERN_LEN_MAX): ByteDfa {
  if (source.length > lenMax) {
    throw new AppError('invalid_option', `The pattern has ${source.length} characters; at most ${lenMax} are allowed`);
  }
  const builder = new NfaBuilder(`The pattern "${source}"`);
  const start = builder.add();
  const end = builder.build(parsePattern(source), start);
  const { states } = builder;
  const closed = (set: readonly number[]): number[] => closure(states, set);
  return exploreDfa<readonly number[]>(
    {
      start: closed([start]),
      key: (set) => set.join(),
      next: (set, byte) => {
        const reached: number[] = [];
        for (const state of set) {
          for (const { lo, hi, to } of states[state]!.arcs) if (byte >= lo && byte <= hi) reached.push(to);
        }
        return reached.length === 0 ? null : closed(reached);
      },
      accepts: (set) => set.includes(end),
    },
    `the pattern "${source}"`,
  );
}

class NfaBuilder {
  readonly states: NfaState[] = [];
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  add(): number {
    if (this.states.length >= NFA_STATES_MAX) {
      const text = `${this.#what} needs more than ${NFA_STATES_MAX} states; use smaller counts`;
      throw new AppError('invalid_option', text);
    }
    this.states.push({ arcs: [], free: [] });
    return this.states.length - 1;
  }

  /** Adds what leads from `from` through the pattern; answers the state after it. */
  build(pattern: Pattern, from: number): number {
    switch (pattern.kind) {
      case 'sequence':
        return pattern.parts.reduce((at, part) => this.build(part, at), from);
      case 'choice': {
        const end = this.add();
        for (const option of pattern.options) this.#free(this.build(option, from), end);
        return end;
      }
      case 'set': {
        const end = this.add();
        for (const [first, last] of pattern.ranges) {
          for (const sequence of utf8Ranges(first, last)) this.#bytes(sequence, from, end);
        }
        return end;
      }
      case 'repeat':
        return this.#repeat(pattern.part, pattern.min, pattern.max, from);
    }
  }

  #bytes(sequence: readonly (readonly [number, number])[], from: number, end: number): void {
    sequence.forEach(([lo, hi], i) => {
      const to = i === sequence.length - 1 ? end : this.add();
      this.states[from]!.arcs.push({ lo, hi, to });
      from = to;
    });
  }

  #repeat(part: Pattern, min: number, max: number | undefined, from: number): number {
    let at = from;
    for (let i = 0; i < min; i++) at = this.build(part, at);
    if (max === undefined) {
      // A state of its own, so that the loop does not lead back into what stands before it.
      const loop = this.add();
      this.#free(at, loop);
      this.#free(this.build(part, loop), loop);
      return loop;
    }
    const end = this.add();
    for (let i = min; i < max; i++) {
      this.#free(at, end);
      at = this.build(part, at);
    }
    this.#free(at, end);
    return end;
  }

  #free(from: number, to: number): void {
    this.states[from]!.free.push(to);
  }
}

/** All states that free steps reach, in order. */
function closure(states: readonly NfaState[], from: readonly number[]): number[] {
  const reached = new Set(from);
  for (const state of reached) for (const to of states[state]!.free) reached.add(to);
  return [...reached].sort((a, b) => a - b);
}
