import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNITS_MAX } from '../../../../../services/eval/metric/limits.ts';
import { SumTable } from '../../../../../services/eval/metric/sum-table.ts';
import { SeededRandom } from '../../../../../services/eval/random.ts';

const all = () => true;

test('sums are kept by unit and slice, and a slice sees its own', () => {
  const table = new SumTable();
  table.add('speaker b', 'en', 'x', [['errors', 1]]);
  table.add('speaker a', 'zh', 'x', [['errors', 2]]);
  table.add('speaker b', 'zh', 'y', [
    ['errors', 4],
    ['late', 1],
  ]);
  const whole = table.slice(all);
  assert.deepEqual([whole.units, whole.total('errors'), whole.total('late'), whole.total('none')], [2, 7, 1, 0]);
  assert.deepEqual([...whole.column('errors')], [2, 5]);
  const chinese = table.slice((language) => language === 'zh');
  assert.deepEqual([chinese.units, chinese.total('errors')], [2, 6]);
});

test('draws sum whole units, as often as there are units', () => {
  const table = new SumTable();
  for (let i = 0; i < 10; i++) {
    table.add(`unit ${i}`, '', '', [
      ['one', 1],
      ['two', 2 * i],
      ['unread', 1],
    ]);
  }
  let spread = 0;
  table.slice(all).resample(['one', 'two', 'none'], { draws: 50, seed: 4 }, (_, sums) => {
    assert.equal(sums('one'), 10);
    assert.equal(sums('two') % 2, 0);
    assert.equal(sums('unread'), 0);
    if (sums('two') !== 90) spread++;
  });
  assert.ok(spread > 40);
});

function filled(units: number, order: (units: string[]) => string[]): SumTable {
  const table = new SumTable();
  const names = Array.from({ length: units }, (_, i) => `unit ${i}`);
  for (const name of order(names))
    table.add(name, '', '', [
      ['n', 1],
      ['name', name.length],
    ]);
  return table;
}

test('units up to the bound are kept apart; one more and they are dealt into as many, none lost', () => {
  assert.equal(filled(UNITS_MAX, (names) => names).slice(all).units, UNITS_MAX);
  const folded = filled(UNITS_MAX + 1, (names) => names).slice(all);
  assert.ok(folded.units < UNITS_MAX && folded.units > UNITS_MAX / 2);
  assert.equal(folded.total('n'), UNITS_MAX + 1);
});

test('the order in which items come changes nothing, dealt or not', () => {
  for (const count of [100, 3 * UNITS_MAX]) {
    const draws = (order: (names: string[]) => string[]) => {
      const sums: number[] = [];
      filled(count, order)
        .slice(all)
        .resample(['n', 'name'], { draws: 3, seed: 1 }, (_, at) => sums.push(at('n'), at('name')));
      return sums;
    };
    assert.deepEqual(
      draws((names) => names),
      draws((names) => new SeededRandom(2).shuffle(names)),
    );
  }
});

test('dealing units at random leaves the spread of a rate as it was', () => {
  const random = new SeededRandom(5);
  const errors = Array.from({ length: 4 * UNITS_MAX }, () => (random.unit() < 0.1 ? 3 : 0));
  const table = new SumTable();
  errors.forEach((count, i) => {
    table.add(`${i}`, '', '', [
      ['errors', count],
      ['n', 1],
    ]);
  });
  const rates: number[] = [];
  table
    .slice(all)
    .resample(['errors', 'n'], { draws: 400, seed: 1 }, (_, sums) => rates.push(sums('errors') / sums('n')));
  const deviation = (values: number[]) => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  };
  const expected = deviation(errors) / Math.sqrt(errors.length);
  // 400 draws give a deviation to about 3.5%.
  assert.ok(Math.abs(deviation(rates) / expected - 1) < 0.12, `${deviation(rates)} for ${expected}`);
});
