import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsOf, textEdits } from '../../../../../services/eval/error-rate.ts';
import { anyOrderEdits } from '../../../../../services/eval/metric/any-order.ts';
import { ANY_ORDER_CELLS_MAX } from '../../../../../services/eval/metric/limits.ts';
import { SeededRandom } from '../../../../../services/eval/random.ts';

function errors(ref: string[], hyp: string[]) {
  const plain = textEdits(ref.join(' '), hyp.join(' '), 'char');
  const free = anyOrderEdits(ref, hyp, plain);
  assert.ok(free && free.refUnits === plain.refUnits);
  return [errorsOf(plain), errorsOf(free)];
}

const LINES = ['the first line of it', 'another line follows', 'and this is the end', 'page 12 of 40'];

test('lines in another order are no errors, and plain order says how many they were', () => {
  const [plain, free] = errors(LINES, [LINES[2]!, LINES[0]!, LINES[3]!, LINES[1]!]);
  assert.ok(plain! > 20);
  assert.equal(free, 0);
});

test('joined and cut lines are no errors but for the space between', () => {
  assert.equal(errors(LINES, [`${LINES[2]} ${LINES[0]}`, LINES[3]!, LINES[1]!])[1], 0);
  assert.equal(errors([`${LINES[2]} ${LINES[0]}`, LINES[3]!, LINES[1]!], LINES)[1], 0);
  assert.equal(errors(LINES, ['the first', LINES[1]!, 'line of it', ...LINES.slice(2)])[1], 0);
});

test('errors inside moved lines are counted, and so are lost and invented lines', () => {
  assert.equal(errors(LINES, [LINES[2]!, LINES[0]!.replace('first', 'fjrst'), LINES[3]!, LINES[1]!])[1], 1);
  assert.equal(errors(LINES, [LINES[2]!, LINES[0]!, LINES[1]!])[1], [...LINES[3]!].length);
  assert.equal(errors([], ['xyz'])[1], 3);
  assert.equal(errors(['xyz'], [])[1], 3);
});

test('never more errors than in plain order, and none where the lines are equal', () => {
  const random = new SeededRandom(3);
  for (let round = 0; round < 200; round++) {
    const line = () =>
      Array.from({ length: 1 + random.below(8) }, () => 'ab c'[random.below(4)]!)
        .join('')
        .trim();
    const ref = Array.from({ length: random.below(5) }, line);
    const hyp = Array.from({ length: random.below(5) }, line);
    const [plain, free] = errors(ref, hyp);
    assert.ok(free! <= plain!, `${ref.join('|')} / ${hyp.join('|')}`);
    assert.equal(errors(ref, random.shuffle([...ref]))[1], 0);
  }
});

test('a page beyond the bound has no any-order rate, unless its lines are equal', () => {
  const side = Math.ceil(Math.sqrt(ANY_ORDER_CELLS_MAX)) + 1;
  const [a, b] = ['a'.repeat(side), 'b'.repeat(side)];
  const plain = { refUnits: side, hypUnits: side, substitutions: side, deletions: 0, insertions: 0 };
  assert.equal(anyOrderEdits([a], [b], plain), undefined);
  assert.equal(errorsOf(anyOrderEdits([a, 'x'], ['x', a], plain)!), 0);
});
