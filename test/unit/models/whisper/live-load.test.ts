import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { LIVE_LAG_REFUSE_MS } from '../../../../models/core/limits.ts';
import { LiveLoad } from '../../../../models/whisper/live-load.ts';

const overloaded = (error: unknown) => error instanceof AppError && error.code === 'overloaded';

/** A pass that ends when the test says so. */
function pass(log: string[], name: string) {
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  const work = async () => {
    log.push(name);
    await done;
  };
  return { work, end };
}

test('one pass at a time: finals first, and among equals who came first', async () => {
  const load = new LiveLoad();
  const [a, b] = [load.join(), load.join()];
  const log: string[] = [];
  const first = pass(log, 'a partial');
  const running = [a.run('partial', first.work)];
  const order: (readonly [typeof a, 'partial' | 'final', string])[] = [
    [b, 'partial', 'b partial'],
    [a, 'partial', 'a again'],
    [b, 'final', 'b final'],
    [a, 'final', 'a final'],
  ];
  for (const [seat, kind, name] of order) running.push(seat.run(kind, async () => void log.push(name)));
  assert.deepEqual(log, ['a partial']);
  assert.equal(load.idle, false);
  first.end();
  await Promise.all(running);
  assert.deepEqual(log, ['a partial', 'b final', 'a final', 'b partial', 'a again']);
  assert.equal(load.idle, true);
});

test("a pass that fails is its stream's affair: the next one runs", async () => {
  const load = new LiveLoad();
  const seat = load.join();
  const failing = seat.run('final', () => Promise.reject(new Error('broken')));
  const next = seat.run('partial', async () => 'fine');
  await assert.rejects(failing, /broken/);
  assert.equal(await next, 'fine');
});

test('one stream too many is refused, and taken once another has left', () => {
  const load = new LiveLoad({ streamsMax: 2 });
  const first = load.join();
  load.join();
  assert.throws(() => load.join(), overloaded);
  first.leave();
  load.join();
});

test('newcomers are refused while a stream lags, and for as long as that was measured of late', () => {
  let nowMs = 0;
  const load = new LiveLoad({ nowMs: () => nowMs });
  const seat = load.join();
  seat.noteLag(LIVE_LAG_REFUSE_MS);
  load.join();
  seat.noteLag(LIVE_LAG_REFUSE_MS + 1);
  assert.throws(() => load.join(), /lag 2001 ms/);
  nowMs += 6000;
  load.join();
});

test('a stream that returns from a process that is gone is taken at any load', () => {
  const load = new LiveLoad({ streamsMax: 3, nowMs: () => 0 });
  const seat = load.join();
  seat.noteCost(1000, 50_000);
  seat.noteLag(LIVE_LAG_REFUSE_MS + 1);
  assert.throws(() => load.join(), overloaded);
  load.join(true);
  load.join(true);
  assert.throws(() => load.join(true), /3 live streams run here/);
});

test('newcomers are refused where finals alone would take too much of the recognizer', () => {
  const load = new LiveLoad({ nowMs: () => 0 });
  const seat = load.join();
  seat.noteCost(90_000, 57_000);
  // 60% of the stream is speech, and each second of it takes (3 + 57) / (10 + 90) s.
  assert.throws(() => load.join(), /busy at 72%/);
  // A machine that turned out faster takes one more.
  seat.noteCost(100_000, 10_000);
  load.join();
});

test('what was slow a while ago does not close the door for ever', () => {
  let nowMs = 0;
  const load = new LiveLoad({ nowMs: () => nowMs });
  const seat = load.join();
  seat.noteCost(20_000, 30_000);
  assert.throws(() => load.join(), overloaded);
  nowMs += 300_000;
  load.join();
});

test('before anything is measured a few streams get in, not many', () => {
  const load = new LiveLoad({ nowMs: () => 0 });
  for (let i = 0; i < 3; i++) load.join();
  assert.throws(() => load.join(), /busy at 72%/);
  const generous = new LiveLoad({ loadMax: 2, nowMs: () => 0 });
  for (let i = 0; i < 11; i++) generous.join();
  assert.throws(() => generous.join(), /busy at 216%/);
});

test('one slow utterance at the start does not close the door', () => {
  const load = new LiveLoad({ nowMs: () => 0 });
  load.join().noteCost(2000, 2500);
  load.join();
});

test('a stream alone is always taken', () => {
  const load = new LiveLoad();
  const seat = load.join();
  seat.noteCost(1000, 5000);
  seat.leave();
  load.join();
});

test('a look before joining says what joining would, holds no place, and changes as time goes by', () => {
  let nowMs = 0;
  const load = new LiveLoad({ streamsMax: 2, nowMs: () => nowMs });
  const refused = () => {
    const refusal = load.refusal();
    assert.throws(() => load.join(), { code: refusal?.code, message: refusal?.message });
    return refusal?.message;
  };
  assert.equal(load.refusal(), null);
  assert.equal(load.refusal(), null);
  const first = load.join();
  first.noteCost(20_000, 30_000);
  assert.match(refused()!, /busy at/);
  first.noteLag(LIVE_LAG_REFUSE_MS + 1);
  assert.match(refused()!, /lag 2001 ms/);
  nowMs += 300_000;
  assert.equal(load.refusal(), null);
  load.join();
  assert.match(refused()!, /2 live streams run here/);
  first.leave();
  assert.equal(load.refusal(), null);
});

test('partials become rarer the longer they take and the more streams talk', () => {
  const load = new LiveLoad();
  const [a, b] = [load.join(), load.join()];
  assert.equal(a.intervalMs(500), 500);
  a.notePass(600);
  a.talking = true;
  assert.equal(a.intervalMs(500), 900);
  b.talking = true;
  assert.equal(a.intervalMs(500), 1800);
});

test('light fusion is cut by any final, recognized or fused, and by no partial', async () => {
  const load = new LiveLoad();
  const [a, b] = [load.join(), load.join()];
  const first = a.beginLight();
  await b.run('partial', async () => undefined);
  assert.equal(first.signal.aborted, false);
  await b.run('final', async () => undefined);
  assert.equal(first.signal.aborted, true);
  a.endLight(first);
  const second = a.beginLight();
  b.isFusing = true;
  assert.equal(second.signal.aborted, true);
  assert.equal(a.isCalm, false);
  b.isFusing = false;
  assert.equal(a.isCalm, true);
});
