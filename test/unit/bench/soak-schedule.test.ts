import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, actions, DECKS, type LaneName, PAUSE_MS_MAX } from '../../bench/soak/schedule.ts';

function first(count: number, lane: LaneName, index: number, seed: number): Action[] {
  const course = actions(lane, index, seed);
  return Array.from({ length: count }, () => course.next().value);
}

test('equal seeds give equal courses; other seeds and other lanes give others', () => {
  assert.deepEqual(first(50, 'live', 0, 1), first(50, 'live', 0, 1));
  assert.notDeepEqual(first(50, 'live', 0, 1), first(50, 'live', 0, 2));
  assert.notDeepEqual(first(50, 'live', 0, 1), first(50, 'live', 1, 1));
});

for (const lane of Object.keys(DECKS) as LaneName[]) {
  test(`each deck of lane ${lane} holds every kind as often as it says`, () => {
    const deck = new Map<string, number>(Object.entries(DECKS[lane]));
    const size = [...deck.values()].reduce((sum, count) => sum + count, 0);
    const course = first(3 * size, lane, 0, 7);
    for (let at = 0; at < course.length; at += size) {
      const dealt = new Map<string, number>();
      for (const { kind } of course.slice(at, at + size)) dealt.set(kind, (dealt.get(kind) ?? 0) + 1);
      assert.deepEqual(new Map([...dealt].sort()), new Map([...deck].sort()));
    }
    assert.ok(
      course.every(({ pauseMs }) => Number.isInteger(pauseMs) && pauseMs >= 0 && pauseMs <= PAUSE_MS_MAX[lane]),
    );
    assert.ok(course.every(({ share }) => share >= 0 && share < 1));
  });
}
