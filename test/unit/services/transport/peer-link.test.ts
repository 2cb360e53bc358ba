import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage } from '../../../../fusion/protocol/codec.ts';
import type { Hello, Message } from '../../../../fusion/protocol/messages.ts';
import type { AppError } from '../../../../models/core/app-error.ts';
import { errorOf, PeerLink } from '../../../../services/transport/peer-link.ts';
import { duplexPair, type PairEnd } from '../../../support/duplex-pair.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const HELLO: Hello = { type: 'hello', versions: [1], role: 'combiner', name: 'peer', creditBytes: 1000 };

/** A link of an application, whose other end the test plays by hand. */
function setUp() {
  const clock = new ManualClock();
  const [near, far] = duplexPair();
  const messages: Message[] = [];
  const closed: AppError[] = [];
  const link = new PeerLink(
    near,
    { role: 'application', name: 'test' },
    { message: (message) => messages.push(message), closed: (error) => closed.push(error) },
    clock,
  );
  const received: Message[] = [];
  far.onFrame((frame) => received.push(decodeMessage(frame)));
  const say = (message: Message) => far.send(encodeMessage(message));
  return { clock, link, far, near, messages, closed, received, say };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('both sides say hello first, and messages follow', async () => {
  const { link, received, messages, say, clock } = setUp();
  say(HELLO);
  say({ type: 'cancel', stream: 3 });
  assert.equal((await link.ready).name, 'peer');
  await turns();
  assert.deepEqual(
    received.map(({ type }) => type),
    ['hello'],
  );
  assert.deepEqual(messages, [{ type: 'cancel', stream: 3 }]);
  assert.equal(clock.pending, 0);
});

/** Everything that ends a link with protocol_error, told to the peer before the channel closes. */
const VIOLATIONS: readonly (readonly [string, (far: PairEnd, say: (message: Message) => void) => void, RegExp])[] = [
  ['a message before the hello', (_far, say) => say({ type: 'cancel', stream: 1 }), /first message must be hello/],
  ['no version in common', (_far, say) => say({ ...HELLO, versions: [7] }), /no version in common; here 1, there 7/],
  ['a second hello', (_far, say) => [HELLO, HELLO].forEach(say), /second hello/],
  ['an application at the other end', (_far, say) => say({ ...HELLO, role: 'application' }), /Field role/],
  ['bytes that are no frame', (far) => far.send(new Uint8Array([0xc1])), /Frame refused/],
];

for (const [what, act, named] of VIOLATIONS) {
  test(`the link ends, and the peer is told why: ${what}`, async () => {
    const { far, say, received, closed } = setUp();
    act(far, say);
    await turns();
    assert.deepEqual(
      closed.map(({ code }) => code),
      ['protocol_error'],
    );
    const last = received.at(-1)!;
    assert.equal(last.type, 'error');
    assert.ok(last.type === 'error' && last.code === 'protocol_error' && named.test(last.message), String(closed[0]));
  });
}

test('a peer that says no hello in time is given up', async () => {
  const { clock, link, closed } = setUp();
  clock.advance(9999);
  assert.equal(closed.length, 0);
  clock.advance(1);
  await assert.rejects(link.ready, { code: 'protocol_error', message: /no hello within 10000 ms/ });
  assert.equal(closed.length, 1);
});

test('an error without a stream ends the link with its own code', async () => {
  const { link, say, closed } = setUp();
  say({ type: 'error', code: 'model_corrupt', message: 'broken' });
  await assert.rejects(link.ready, { code: 'model_corrupt', message: 'broken' });
  assert.equal(closed.length, 1);
});

test('a channel that closes is a lost peer', async () => {
  const { link, far, say, closed } = setUp();
  say(HELLO);
  await link.ready;
  far.close();
  await turns();
  assert.deepEqual(
    closed.map(({ code }) => code),
    ['peer_lost'],
  );
  // Sending on is harmless.
  link.send({ type: 'cancel', stream: 1 });
});

test('an error code that is not known here is internal, and keeps its name in the message', () => {
  const { code, message } = errorOf({ type: 'error', code: 'too_purple', message: 'no' });
  assert.deepEqual([code, message], ['internal', 'no (too_purple)']);
});
