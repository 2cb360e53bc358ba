import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseTelemetry } from '../../../../models/session/runtime-telemetry.ts';

test('telemetry is refused where the user said nothing, and left to those who did', () => {
  const silent: NodeJS.ProcessEnv = {};
  refuseTelemetry(silent);
  assert.deepEqual(silent, { ORT_DISABLE_TELEMETRY: '1' });
  const wanted: NodeJS.ProcessEnv = { ORT_DISABLE_TELEMETRY: '0' };
  refuseTelemetry(wanted);
  assert.deepEqual(wanted, { ORT_DISABLE_TELEMETRY: '0' });
});
