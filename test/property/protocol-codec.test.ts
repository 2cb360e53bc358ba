import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../../fusion/protocol/codec.ts';
import type { Message, MessageType } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import { MESSAGES } from '../support/protocol-messages.ts';

const SEED = 20261123;

for (const type of Object.keys(MESSAGES) as MessageType[]) {
  test(`decode of encode is identity: ${type}`, () => {
    const arbitrary: fc.Arbitrary<Message> = MESSAGES[type];
    fc.assert(
      fc.property(arbitrary, (message) => {
        // The clone has ordinary prototypes, which fast-check's records lack.
        assert.deepEqual(decodeMessage(encodeMessage(message)), structuredClone(message));
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
}

const ANY: fc.Arbitrary<Message> = fc.oneof(...(Object.values(MESSAGES) as fc.Arbitrary<Message>[]));

/** Decodes, and accepts a refusal as long as it is a protocol_error. */
function decodesOrRefuses(frame: Uint8Array): void {
  try {
    decodeMessage(frame);
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'protocol_error', String(error));
  }
}

test('a frame with flipped bytes decodes or is refused as protocol_error, and nothing else', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(ANY, flips, (message, changes) => {
      const frame = encodeMessage(message).slice();
      for (const [at, value] of changes) frame[at % frame.length] = value;
      decodesOrRefuses(frame);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

test('a frame that is cut short is always refused', () => {
  fc.assert(
    fc.property(ANY, fc.nat(), (message, cut) => {
      const frame = encodeMessage(message);
      assert.throws(() => decodeMessage(frame.slice(0, cut % frame.length)), { code: 'protocol_error' });
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('random bytes are refused as protocol_error', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodesOrRefuses), { seed: SEED, numRuns: 1000 });
});
