import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quotaCores, threadBudget } from '../../../../models/session/thread-budget.ts';

const files = (entries: Record<string, string>) => (path: string) => entries[path];
const V2 = '/sys/fs/cgroup/cpu.max';
const V1 = '/sys/fs/cgroup/cpu/cpu.cfs_';

test('the quota of both versions of control groups is read', () => {
  assert.equal(quotaCores(files({ [V2]: '150000 100000\n' })), 1.5);
  assert.equal(quotaCores(files({ [V2]: 'max 100000\n' })), undefined);
  assert.equal(quotaCores(files({ [`${V1}quota_us`]: '400000', [`${V1}period_us`]: '100000' })), 4);
  assert.equal(quotaCores(files({ [`${V1}quota_us`]: '-1', [`${V1}period_us`]: '100000' })), undefined);
  assert.equal(quotaCores(files({})), undefined);
});

test('the budget is the smaller of cores and quota, at least 1, unless it is set', () => {
  assert.equal(threadBudget({}, 8, files({ [V2]: '250000 100000' })), 2);
  assert.equal(threadBudget({}, 8, files({ [V2]: '50000 100000' })), 1);
  assert.equal(threadBudget({}, 2, files({ [V2]: '900000 100000' })), 2);
  assert.equal(threadBudget({}, 4, files({})), 4);
  assert.equal(threadBudget({ BYTEFUSE_THREADS: '3' }, 8, files({})), 3);
  assert.equal(threadBudget({ BYTEFUSE_THREADS: 'many' }, 8, files({})), 8);
});
