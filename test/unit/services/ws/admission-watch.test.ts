import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { AdmissionWatch } from '../../../../services/ws/admission-watch.ts';
import { ADMISSION_CHECK_MS } from '../../../../services/ws/limits.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { turns } from '../../../support/socket-pair.ts';
import { toyAdmission } from '../../../support/toy-gate.ts';

function setUp() {
  const clock = new ManualClock();
  const watch = new AdmissionWatch(clock);
  const tick = async () => {
    clock.advance(ADMISSION_CHECK_MS);
    await turns(2);
  };
  return { clock, watch, tick };
}

function keyed() {
  const state: { error: AppError | null } = { error: null };
  const recheck = async () => {
    if (state.error !== null) throw state.error;
  };
  return { state, admission: { ...toyAdmission(), recheck } };
}

test('what a revoked key has let in is ended once, and nothing else', async () => {
  const { watch, tick } = setUp();
  const [revoked, other] = [keyed(), keyed()];
  const ended: string[] = [];
  watch.add(revoked.admission, ({ code }) => ended.push(`first ${code}`));
  watch.add(revoked.admission, ({ code }) => ended.push(`second ${code}`));
  watch.add(other.admission, ({ code }) => ended.push(`other ${code}`));
  await tick();
  assert.deepEqual(ended, []);
  revoked.state.error = new AppError('unauthorized', 'This key was revoked.');
  await tick();
  await tick();
  assert.deepEqual(ended, ['first unauthorized', 'second unauthorized']);
});

test('a file of keys that cannot be read for a while ends nobody', async () => {
  const { watch, tick } = setUp();
  const { state, admission } = keyed();
  let ended = 0;
  watch.add(admission, () => ended++);
  state.error = new AppError('keys_unusable', 'The file of keys cannot be read.');
  await tick();
  assert.equal(ended, 0);
  state.error = new AppError('unauthorized', 'This key was revoked.');
  await tick();
  assert.equal(ended, 1);
});

test('nothing is timed where no key is watched, or none any more', async () => {
  const { clock, watch, tick } = setUp();
  watch.add(toyAdmission(), () => assert.fail('nobody can take it back'));
  assert.equal(clock.pending, 0);
  const { state, admission } = keyed();
  const end = watch.add(admission, () => assert.fail('it is watched no more'));
  assert.equal(clock.pending, 1);
  end();
  state.error = new AppError('unauthorized', 'This key was revoked.');
  await tick();
  assert.equal(clock.pending, 0);
});
