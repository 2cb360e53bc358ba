import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultServiceLimits, isLoopback, LIMIT_VARIABLES, limitsFrom } from '../../../../services/server/config.ts';
import { readProjectFile } from '../../../support/project-files.ts';

test('limits come from the environment, and flags come first', () => {
  assert.deepEqual(limitsFrom({}), defaultServiceLimits);
  const env = { BYTEFUSE_PAGES_MAX: '7', BYTEFUSE_RUNNING_MAX: '3' };
  const { pagesMax, runningMax } = limitsFrom(env, { runningMax: 4 });
  assert.deepEqual([pagesMax, runningMax], [7, 4]);
});

test('a limit that is none is refused by name', () => {
  for (const text of ['0', '-1', '1.5', 'many', '1e400']) {
    assert.throws(() => limitsFrom({ BYTEFUSE_PAGES_MAX: text }), /BYTEFUSE_PAGES_MAX/);
  }
});

test('every variable is documented', () => {
  const page = readProjectFile('docs/api.md');
  for (const variable of Object.keys(LIMIT_VARIABLES)) assert.ok(page.includes(`\`${variable}\``), variable);
});

test('only addresses that nobody else can reach are loopback', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', 'LOCALHOST', '::1', '[::1]']) assert.ok(isLoopback(host));
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '127.0.0.1.example', '']) {
    assert.ok(!isLoopback(host), host);
  }
});
