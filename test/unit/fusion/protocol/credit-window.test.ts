import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreditMeter, CreditWindow } from '../../../../fusion/protocol/credit-window.ts';
import { CREDIT_BYTES_MAX } from '../../../../fusion/protocol/limits.ts';
import { AppError } from '../../../../models/core/app-error.ts';

/** Notes in `done` when the window lets the frame go. */
function take(window: CreditWindow, bytes: number, done: number[]): Promise<void> {
  return window.take(bytes).then(() => void done.push(bytes));
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a frame goes while credit is above 0, whatever its size', async () => {
  const window = new CreditWindow(100);
  await window.take(99);
  await window.take(5000);
  assert.equal(window.availableBytes, -4999);
});

test('without credit, frames wait in order, and a grant lets through only what it pays for', async () => {
  const window = new CreditWindow(10);
  const done: number[] = [];
  const all = [take(window, 10, done), take(window, 30, done), take(window, 7, done), take(window, 1, done)];
  await settled();
  assert.deepEqual(done, [10]);
  window.grant(25);
  await settled();
  assert.deepEqual(done, [10, 30]);
  window.grant(5);
  await settled();
  assert.deepEqual(done, [10, 30]);
  window.grant(1);
  await settled();
  assert.deepEqual(done, [10, 30, 7]);
  window.grant(100);
  await Promise.all(all);
  assert.deepEqual(done, [10, 30, 7, 1]);
});

test('closing rejects those who wait and those who come later', async () => {
  const window = new CreditWindow(1);
  await window.take(5);
  const waiting = window.take(1);
  const gone = new AppError('peer_lost', 'gone');
  window.close(gone);
  await assert.rejects(waiting, gone);
  await assert.rejects(window.take(1), gone);
});

test('a grant beyond the bound is refused', () => {
  const window = new CreditWindow(CREDIT_BYTES_MAX);
  assert.throws(() => window.grant(1), { code: 'protocol_error' });
});

test('the meter refuses a frame that came without credit', () => {
  const meter = new CreditMeter(100);
  meter.received(99);
  meter.received(1);
  assert.throws(() => meter.received(1), { code: 'protocol_error' });
});

test('the meter grants in quarters of its window, and at once where the sender has run dry', () => {
  const meter = new CreditMeter(100);
  meter.received(40);
  assert.equal(meter.consumed(24), 0);
  assert.equal(meter.consumed(1), 25);
  meter.received(85);
  assert.equal(meter.consumed(3), 3);
});

test('window and meter together never stall: what is consumed comes back', async () => {
  const window = new CreditWindow(64);
  const meter = new CreditMeter(64);
  let sent = 0;
  for (let i = 0; i < 500; i++) {
    const bytes = 1 + ((i * 37) % 150);
    await window.take(bytes);
    meter.received(bytes);
    sent += bytes;
    const grant = meter.consumed(bytes);
    if (grant > 0) window.grant(grant);
  }
  assert.ok(sent > 64 * 100);
});
