import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { BUFFERED_CHUNKS_MAX } from '../../../../services/ws/limits.ts';
import { webSockets } from '../../../../services/ws/web-sockets.ts';
import { turns } from '../../../support/socket-pair.ts';
import { toyGate } from '../../../support/toy-gate.ts';
import { ToyListener } from '../../../support/toy-listener.ts';

/** A connection in memory that asks for an upgrade: what it is sent is in `written`. */
async function upgraded(headers: Record<string, string> = {}) {
  const sockets = webSockets({
    source: new ToyListener(),
    facts: () => ({ recognizer: 'toy', llm: null, device: 'cpu' }),
    gate: toyGate(null),
    rules: { defaultModel: 'toy', checkModel: (name) => name, hasLogprobs: false },
    pieces: () => null,
    fuse: null,
  });
  const written: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk, _, done) => {
      written.push(chunk);
      done();
    },
  });
  const request = {
    method: 'GET',
    url: '/v1/stream',
    headers: {
      host: 'localhost',
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    },
    socket,
  };
  sockets.upgrade(request as unknown as IncomingMessage, socket, Buffer.alloc(0));
  await turns();
  return { socket, written };
}

test('compression is not negotiated, though a client offers it', async () => {
  const { socket, written } = await upgraded({ 'sec-websocket-extensions': 'permessage-deflate' });
  const answer = Buffer.concat(written).toString('latin1');
  assert.match(answer, /^HTTP\/1\.1 101 /);
  assert.doesNotMatch(answer, /sec-websocket-extensions/i);
  socket.destroy();
});

test('pieces of a message that wait: n are taken, n + 1 ends the connection', async () => {
  const { socket, written } = await upgraded();
  written.length = 0;
  // A binary message of 65,535 bytes, masked with zeros, of which byte after byte comes.
  socket.push(Buffer.from([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0]));
  for (let i = 0; i < BUFFERED_CHUNKS_MAX; i++) socket.push(Buffer.from([0]));
  await turns();
  assert.equal(written.length, 0);
  socket.push(Buffer.from([0]));
  await turns();
  const close = Buffer.concat(written);
  assert.deepEqual([close[0], close.readUInt16BE(2)], [0x88, 1008]);
  socket.destroy();
});
