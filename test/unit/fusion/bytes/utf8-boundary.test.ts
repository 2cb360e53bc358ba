import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishedLenBytes } from '../../../../fusion/bytes/utf8-boundary.ts';

test('an unfinished character at the end is held back, whatever its length', () => {
  for (const character of ['é', '中', '😀']) {
    const bytes = new TextEncoder().encode(`a${character}`);
    for (let n = 1; n < bytes.length; n++) assert.equal(finishedLenBytes(bytes.subarray(0, n)), 1, `${character} ${n}`);
    assert.equal(finishedLenBytes(bytes), bytes.length);
  }
});

test('bytes that no continuation can repair count as finished', () => {
  const cases = [[0xff], [0x80], [0x61, 0xbf, 0xbf], [0xc0], [0xc1], [0xf5], [0xe0, 0x80], [0xed, 0xa0], [0xf4, 0x90]];
  for (const bytes of cases) assert.equal(finishedLenBytes(Uint8Array.from(bytes)), bytes.length, String(bytes));
});

test('every split agrees with what a streaming decoder holds back', () => {
  const bytes = new TextEncoder().encode('né中😀ğ，x');
  for (let n = 0; n <= bytes.length; n++) {
    const decoded = new TextDecoder().decode(bytes.subarray(0, n), { stream: true });
    assert.equal(finishedLenBytes(bytes.subarray(0, n)), new TextEncoder().encode(decoded).length, String(n));
  }
});
