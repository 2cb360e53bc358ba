import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executionProviders } from '../../../../models/session/onnx-session.ts';

test('what a device cannot run falls to the CPU', () => {
  assert.deepEqual(executionProviders('cpu'), ['cpu']);
  assert.deepEqual(executionProviders('cuda'), ['cuda', 'cpu']);
});
