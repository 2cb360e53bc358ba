import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppError } from '../../../../models/core/app-error.ts';
import { EventFeed } from '../../../../services/http/event-feed.ts';
import { GrowingText } from '../../../../services/http/growing-text.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

function toyFeed(limits: { eventBytesMax?: number } = {}) {
  const clock = new ManualClock();
  const cuts: AppError[] = [];
  const all = { eventBytesMax: 200_000, slowReaderMsMax: 1000, heartbeatMs: 100, ...limits };
  const feed = new EventFeed(all, clock, (error) => cuts.push(error));
  return { feed, clock, cuts };
}

const big = { text: 'x'.repeat(20_000) };

test('whoever makes events waits until the reader has taken them', async () => {
  const { feed, cuts } = toyFeed();
  feed.write({ n: 1 });
  await feed.ready();
  feed.write(big);
  let ready = false;
  const waiting = feed.ready().then(() => {
    ready = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ready, false);
  feed.on('data', () => {});
  await waiting;
  assert.equal(cuts.length, 0);
});

test('a reader that leaves events lying is cut off after the stated time', async () => {
  const { feed, clock, cuts } = toyFeed();
  feed.write(big);
  const waiting = feed.ready();
  clock.advance(999);
  assert.equal(cuts.length, 0);
  clock.advance(1);
  await waiting;
  assert.equal(cuts.length, 1);
  assert.match(cuts[0]!.message, /too slow/);
  assert.ok(feed.destroyed);
});

test('bytes that wait for a reader: n are held, n + 1 are not', () => {
  const size = `data: ${JSON.stringify(big)}\n\n`.length;
  const held = toyFeed({ eventBytesMax: size });
  held.feed.write(big);
  assert.equal(held.cuts.length, 0);
  const cut = toyFeed({ eventBytesMax: size - 1 });
  cut.feed.write(big);
  assert.equal(cut.cuts.length, 1);
});

test('a reader that goes away is told once to whoever works for it', () => {
  const { feed, cuts } = toyFeed();
  feed.destroy();
  feed.write({ n: 1 });
  feed.finish();
  assert.equal(cuts.length, 0 + 1);
});

test('silence is filled with comments, and nothing is left ticking at the end', async () => {
  const { feed, clock } = toyFeed();
  const seen: string[] = [];
  feed.on('data', (chunk) => seen.push(String(chunk)));
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(100);
  clock.advance(100);
  feed.write({ n: 1 });
  feed.finish();
  await new Promise((resolve) => feed.on('end', resolve));
  assert.deepEqual(seen.join(''), ': still working\n\n: still working\n\ndata: {"n":1}\n\n');
  assert.equal(clock.pending, 0);
});

test('pieces of a growing text add up to the trimmed whole', () => {
  const pieces = [' ', ' Hello', ' ', ', world ', '', '\n', 'again. ', ' '];
  const text = new GrowingText();
  const deltas = pieces.map((piece) => text.add(piece));
  assert.equal(deltas.join(''), pieces.join('').trim());
  assert.equal(deltas[0], '');
});
