import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { processEventLog } from '../../../../services/server/process-event-log.ts';

test('a crash is logged as an error, an ordered end is not, and every line names its process beside the one that logs', () => {
  const lines: [string, object, string][] = [];
  const at = (level: string) => (fields: unknown, text?: string) => void lines.push([level, fields as object, text!]);
  const log = processEventLog({ info: at('info'), warn: at('warn'), error: at('error') } as never);
  const exit = { code: null, signal: 'SIGKILL' } as const;
  const error = new AppError('model_corrupt', 'A tensor is missing.');
  log({ kind: 'exited', role: 'speech', pid: 7, exit, crash: true });
  log({ kind: 'exited', role: 'speech', pid: 8, exit, crash: false });
  log({ kind: 'backoff', role: 'speech', delayMs: 100, crashes: 1 });
  log({ kind: 'stderr', role: 'combiner', pid: 9, line: 'out of memory' });
  log({ kind: 'state', role: 'combiner', state: 'failed', error });
  assert.deepEqual(lines, [
    ['error', { role: 'speech', modelPid: 7, exit, crash: true }, 'model process: exited'],
    ['info', { role: 'speech', modelPid: 8, exit, crash: false }, 'model process: exited'],
    ['warn', { role: 'speech', delayMs: 100, crashes: 1 }, 'model process: backoff'],
    ['warn', { role: 'combiner', modelPid: 9, line: 'out of memory' }, 'model process: stderr'],
    ['error', { role: 'combiner', state: 'failed', error }, 'model process: state'],
  ]);
});
