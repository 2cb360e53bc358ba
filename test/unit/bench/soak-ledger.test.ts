import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../../bench/soak/ledger.ts';
import { ManualClock } from '../../support/manual-clock.ts';

test('an entry that nobody ends is lost when its time is over, and an answer after that is too late', () => {
  const clock = new ManualClock();
  const ledger = new Ledger(clock);
  const entry = ledger.enter('stream', 60_000);
  entry.accept();
  clock.advance(59_999);
  assert.equal(entry.outcome, undefined);
  clock.advance(1);
  entry.answered();
  assert.equal(entry.outcome, 'lost');
  const [{ ends, accepted, sent }] = ledger.tally() as [ReturnType<Ledger['tally']>[number]];
  assert.deepEqual([sent, accepted, ends.lost, ends.answered], [1, 1, 1, 0]);
  assert.deepEqual(ledger.findings, ['stream: no end within 60 s']);
});

test('each entry ends once, the first end counts, and no timer is left', () => {
  const clock = new ManualClock();
  const ledger = new Ledger(clock);
  const entry = ledger.enter('upload', 1000);
  entry.canceled();
  entry.failed('internal');
  entry.lost('closed');
  const [{ ends, accepted, codes }] = ledger.tally() as [ReturnType<Ledger['tally']>[number]];
  assert.deepEqual(ends, { answered: 0, refused: 0, failed: 0, canceled: 1, lost: 0 });
  assert.equal(accepted, 0);
  assert.equal(codes.size, 0);
  assert.equal(clock.pending, 0);
  assert.deepEqual(ledger.findings, []);
});

test('what was refused was never accepted, what failed was, and both are counted by code', () => {
  const ledger = new Ledger(new ManualClock());
  ledger.enter('stream', 1000).refused('overloaded');
  ledger.enter('stream', 1000).refused('overloaded');
  ledger.enter('stream', 1000).failed('peer_lost');
  ledger.enter('stream', 1000).answered();
  const [tally] = ledger.tally();
  assert.equal(tally!.sent, 4);
  assert.equal(tally!.accepted, 2);
  assert.deepEqual(
    [...tally!.codes],
    [
      ['overloaded', 2],
      ['peer_lost', 1],
    ],
  );
});

test('the ledger is settled when its last entry has ended', async () => {
  const ledger = new Ledger(new ManualClock());
  const [one, other] = [ledger.enter('a', 1000), ledger.enter('b', 1000)];
  let settled = false;
  const waiting = ledger.settled().then(() => {
    settled = true;
  });
  one.answered();
  await Promise.resolve();
  assert.equal(settled, false);
  assert.equal(ledger.open, 1);
  other.canceled();
  await waiting;
  await ledger.settled();
});

test('what others counted is summed, and findings beyond those kept are counted still', () => {
  const ledger = new Ledger(new ManualClock());
  ledger.count('garbage', 'refused', 'http 400', 7);
  ledger.count('garbage', 'refused', 'http 400', 3);
  ledger.count('garbage', 'answered', '', 2);
  const [{ sent, accepted, codes }] = ledger.tally() as [ReturnType<Ledger['tally']>[number]];
  assert.deepEqual([sent, accepted, codes.get('http 400')], [12, 2, 10]);
  for (let i = 0; i < 60; i++) ledger.finding(`finding ${i}`);
  assert.equal(ledger.findingCount, 60);
  assert.equal(ledger.findings.length, 50);
});
