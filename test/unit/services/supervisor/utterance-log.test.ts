import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIVE_COMMITTED_CHARS_MAX, LIVE_COMMITTED_MAX } from '../../../../models/core/limits.ts';
import type { LivePartial } from '../../../../services/supervisor/live-contract.ts';
import { UtteranceLog } from '../../../../services/supervisor/utterance-log.ts';

function partial(utterance: number, committed: string, heardS: number): LivePartial {
  return { kind: 'partial', utterance, stage: 'recognized', revision: 0, committed, pending: ' so', heardS };
}

test('a listener is told of the utterances that are open, in its own time, the ones without committed words too', () => {
  const log = new UtteranceLog();
  assert.deepEqual(log.restart(0, false), []);
  log.take({ kind: 'speech-start', utterance: 0, startS: 10.5 });
  log.take({ kind: 'speech-end', utterance: 0, endS: 12 });
  log.take({ kind: 'speech-start', utterance: 1, startS: 13 });
  log.take(partial(1, 'call me', 15));
  const open = [
    { startS: 1, endS: 2.5, heardS: 0, text: '' },
    { startS: 3.5, heardS: 5.5, text: 'call me' },
  ];
  assert.deepEqual(log.restart(9.5, false), open);
  // A process that is gone before it hears anybody changes nothing; what is committed on it is told to the next one.
  assert.deepEqual(log.restart(9.5, false), open);
  log.take({ kind: 'speech-start', utterance: 0, startS: 1.1 });
  log.take({ kind: 'speech-start', utterance: 1, startS: 3.4 });
  log.take(partial(1, 'call me ishmael', 7));
  assert.deepEqual(log.restart(9.5, false)[1], { startS: 3.5, heardS: 7, text: 'call me ishmael' });
  log.take({ kind: 'speech-start', utterance: 0, startS: 1.1 });
  log.take({ kind: 'speech-start', utterance: 1, startS: 3.4 });
  log.take({ kind: 'cleared', utterance: 1, atS: 8 });
  assert.deepEqual(log.restart(9.5, false), [{ startS: 1, endS: 2.5, heardS: 0, text: '' }]);
});

test('no more is told than the protocol carries', () => {
  const log = new UtteranceLog();
  log.restart(0, false);
  for (let i = 0; i <= LIVE_COMMITTED_MAX; i++) log.take({ kind: 'speech-start', utterance: i, startS: i });
  log.take(partial(0, 'x'.repeat(LIVE_COMMITTED_CHARS_MAX + 1), 1));
  log.take(partial(1, 'x'.repeat(LIVE_COMMITTED_CHARS_MAX), 2));
  const told = log.restart(0, false);
  assert.equal(told.length, LIVE_COMMITTED_MAX);
  assert.deepEqual(
    told.slice(0, 2).map(({ text }) => text.length),
    [0, LIVE_COMMITTED_CHARS_MAX],
  );
});
