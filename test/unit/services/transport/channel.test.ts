import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { ChannelEvents, joinChannels } from '../../../../services/transport/channel.ts';
import { duplexPair } from '../../../support/duplex-pair.ts';

test('frames that came before the end are delivered before it, however late the receiver', () => {
  const events = new ChannelEvents();
  const seen: string[] = [];
  events.frame(new Uint8Array([1]));
  events.frame(new Uint8Array([2]));
  events.close(new AppError('peer_lost', 'gone'));
  events.onClose((error) => seen.push(`closed ${error?.code}`));
  events.onFrame((frame) => seen.push(`frame ${frame[0]}`));
  assert.deepEqual(seen, ['frame 1', 'frame 2', 'closed peer_lost']);
});

test('the end is told once, and nothing comes after it', () => {
  const events = new ChannelEvents();
  let closed = 0;
  let frames = 0;
  events.onFrame(() => frames++);
  events.onClose(() => closed++);
  events.close(undefined);
  events.close(new AppError('peer_lost', 'again'));
  events.frame(new Uint8Array([1]));
  assert.deepEqual([closed, frames], [1, 0]);
});

test('joined channels pass frames both ways and end together', async () => {
  const [a, b] = duplexPair();
  const [c, d] = duplexPair();
  joinChannels(b, c);
  const atA: number[] = [];
  const atD: number[] = [];
  a.onFrame((frame) => atA.push(frame[0]!));
  d.onFrame((frame) => atD.push(frame[0]!));
  const closed = new Promise((resolve) => d.onClose(resolve));
  a.send(new Uint8Array([1]));
  d.send(new Uint8Array([2]));
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([atA, atD], [[2], [1]]);
  a.close();
  assert.equal(((await closed) as AppError).code, 'peer_lost');
});
