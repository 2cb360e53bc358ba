import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '../../../../services/ws/event-log.ts';

const STAYS = { key: null, replaces: null };

function readFrom(log: EventLog, seq: number): number[] {
  const seen: number[] = [];
  for (let next = log.after(seq); next !== undefined; next = log.after(next.seq)) seen.push(next.seq);
  return seen;
}

test('events are read on from any number; what newer ones replaced is left out', () => {
  const log = new EventLog();
  log.push(1, 'a', STAYS);
  log.push(2, 'b', { key: 'x', replaces: 'x' });
  log.push(3, 'c', { key: 'y', replaces: 'y' });
  log.push(4, 'd', { key: 'x', replaces: 'x' });
  log.push(5, 'e', { key: null, replaces: 'y' });
  assert.deepEqual(readFrom(log, 0), [1, 4, 5]);
  assert.deepEqual(readFrom(log, 2), [4, 5]);
  assert.deepEqual(readFrom(log, 5), []);
  assert.equal(log.holdsAfter(0), true);
  assert.equal(log.holdsAfter(5), true);
  assert.equal(log.holdsAfter(6), false);
});

test('the number of events and their characters are bounded; who would miss one is told', () => {
  const log = new EventLog({ eventsMax: 3, charsMax: 1000 });
  for (let seq = 1; seq <= 3; seq++) log.push(seq, 'x', STAYS);
  assert.equal(log.holdsAfter(0), true);
  log.push(4, 'x', STAYS);
  assert.equal(log.holdsAfter(0), false);
  assert.equal(log.holdsAfter(1), true);
  assert.deepEqual(readFrom(log, 1), [2, 3, 4]);

  const small = new EventLog({ eventsMax: 100, charsMax: 10 });
  small.push(1, 'x'.repeat(5), STAYS);
  small.push(2, 'x'.repeat(5), STAYS);
  assert.equal(small.holdsAfter(0), true);
  small.push(3, 'x', STAYS);
  assert.equal(small.holdsAfter(0), false);
  // One event is kept, however long.
  small.push(4, 'x'.repeat(99), STAYS);
  assert.deepEqual(readFrom(small, 3), [4]);
});
