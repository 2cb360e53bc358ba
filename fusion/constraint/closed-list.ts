import { AppError } from '../../models/core/app-error.ts';
import { type ByteArc, ByteDfa, type DfaState } from './byte-dfa.ts';
import { LIST_VALUE_BYTES_MAX, LIST_VALUES_MAX } from './limits.ts';

/**
 * Exactly these strings: the smallest automaton for them. States that go on alike are one, from the ends of the values
 * towards their beginnings, so 900 call signs take some hundred states.
 * @throws AppError invalid_option for an empty list, empty or very long values, or too many of them
 */
export function closedList(values: readonly string[]): ByteDfa {
  if (values.length === 0) throw new AppError('invalid_option', 'The list of allowed values is empty');
  if (values.length > LIST_VALUES_MAX) {
    const text = `The list has ${values.length} values; at most ${LIST_VALUES_MAX} are allowed`;
    throw new AppError('invalid_option', text);
  }
  const encoder = new TextEncoder();
  const words = [...new Set(values)].map((value) => encoder.encode(value)).sort(compare);
  for (const word of words) {
    if (word.length > 0 && word.length <= LIST_VALUE_BYTES_MAX) continue;
    const value = `"${new TextDecoder().decode(word.subarray(0, 40))}"`;
    const text = `The value ${value} has ${word.length} bytes; 1 to ${LIST_VALUE_BYTES_MAX} are allowed`;
    throw new AppError('invalid_option', text);
  }
  const states: DfaState[] = [];
  const known = new Map<string, number>();
  /** State for words first .. last - 1, of which `depth` bytes are read. */
  const build = (first: number, last: number, depth: number): number => {
    const accepts = words[first]!.length === depth;
    const arcs: ByteArc[] = [];
    for (let from = accepts ? first + 1 : first; from < last; ) {
      const byte = words[from]![depth]!;
      let to = from + 1;
      while (to < last && words[to]![depth] === byte) to++;
      arcs.push({ lo: byte, hi: byte, to: build(from, to, depth + 1) });
      from = to;
    }
    const key = `${accepts} ${arcs.map(({ lo, to }) => `${lo}>${to}`).join(' ')}`;
    let state = known.get(key);
    if (state === undefined) {
      state = states.length;
      known.set(key, state);
      states.push({ accepts, arcs });
    }
    return state;
  };
  return new ByteDfa(build(0, words.length, 0), states, 'the list of allowed values');
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
