import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meet } from '../../../../fusion/protocol/handshake.ts';
import type { Hello } from '../../../../fusion/protocol/messages.ts';

const COMBINER: Hello = { type: 'hello', versions: [1], role: 'combiner', name: 'x', creditBytes: 1 };
const RECOGNIZER: Hello = {
  ...COMBINER,
  role: 'recognizer',
  recognizer: { modality: 'speech', kind: 'stepwise', sampleRateHz: 16_000, alphabet: { size: 1, hash: 'a' } },
};

test('the highest version that both speak is used', () => {
  assert.equal(meet({ ...COMBINER, versions: [1, 3, 2, 9] }, 'recognizer', [1, 2, 3]).version, 3);
});

test('no version in common is refused with both lists', () => {
  assert.throws(() => meet({ ...COMBINER, versions: [2, 3] }, 'recognizer'), {
    code: 'protocol_error',
    message: 'Field versions: no version in common; here 1, there 2, 3.',
  });
});

test('a first message that is no hello is refused', () => {
  assert.throws(() => meet({ type: 'close', stream: 1 }, 'combiner'), { code: 'protocol_error', message: /hello/ });
});

test('a role that does not belong at the other end is refused', () => {
  assert.throws(() => meet(COMBINER, 'combiner'), { message: /role: expected application or recognizer/ });
  assert.throws(() => meet(RECOGNIZER, 'combiner', [1], ['application']), { message: /role/ });
});

test('a recognizer says what it is, and no one else does', () => {
  assert.equal(meet(RECOGNIZER, 'combiner').hello.recognizer?.kind, 'stepwise');
  const { recognizer, ...silent } = RECOGNIZER;
  assert.throws(() => meet(silent, 'combiner'), { message: /Field recognizer/ });
  assert.throws(() => meet({ ...COMBINER, recognizer: recognizer! }, 'application'), { message: /Field recognizer/ });
});
