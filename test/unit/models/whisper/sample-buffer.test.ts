import assert from 'node:assert/strict';
import test from 'node:test';
import { SampleBuffer } from '../../../../models/whisper/sample-buffer.ts';

test('positions hold whatever was dropped before them', () => {
  const buffer = new SampleBuffer();
  let sent = 0;
  for (let round = 0; round < 50; round++) {
    const length = 1 + ((round * 7919) % 20_000);
    buffer.append(Float32Array.from({ length }, (_, i) => sent + i));
    sent += length;
    buffer.dropBefore(sent - 5000);
    const from = Math.max(buffer.start, sent - 10);
    assert.deepEqual(
      [...buffer.slice(from, sent)],
      Array.from({ length: sent - from }, (_, i) => from + i),
    );
  }
  assert.equal(buffer.end, sent);
  assert.throws(() => buffer.slice(0, 10), /not here/);
});

test('dropping more than there is keeps the end where it is', () => {
  const buffer = new SampleBuffer();
  buffer.append(new Float32Array(10));
  buffer.dropBefore(99);
  assert.deepEqual([buffer.start, buffer.end], [10, 10]);
});
