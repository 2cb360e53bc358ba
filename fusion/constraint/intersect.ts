import { type ByteConstraint, REJECTED } from '../../models/core/byte-constraint.ts';

/** Strings that both constraints accept. States are pairs, numbered as they are met. */
export function intersect(a: ByteConstraint, b: ByteConstraint): ByteConstraint {
  const pairs: (readonly [number, number])[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (left: number, right: number): number => {
    const key = `${left},${right}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = pairs.length;
      numbers.set(key, number);
      pairs.push([left, right]);
    }
    return number;
  };
  return {
    start: numberOf(a.start, b.start),
    next(state, byte) {
      const [left, right] = pairs[state]!;
      const nextLeft = a.next(left, byte);
      const nextRight = nextLeft === REJECTED ? REJECTED : b.next(right, byte);
      return nextRight === REJECTED ? REJECTED : numberOf(nextLeft, nextRight);
    },
    accepts(state) {
      const [left, right] = pairs[state]!;
      return a.accepts(left) && b.accepts(right);
    },
  };
}
