import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { fuzzSockets } from '../support/socket-fuzz.ts';
import { startSocketServer } from '../support/socket-server.ts';
import { pcm16 } from '../support/toy-listener.ts';

const INPUTS = 3000;

test(`${INPUTS} malformed inputs: no bug shows, and the service goes on serving`, async (context) => {
  const server = await startSocketServer();
  const bugs: unknown[] = [];
  const note = (error: unknown) => bugs.push(error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  try {
    const { ends, faults } = await fuzzSockets(Number(server.host.split(':')[1]), INPUTS, 1);
    context.diagnostic(JSON.stringify(ends));
    assert.deepEqual(faults, []);
    assert.deepEqual(bugs, []);
    // Each way to end was met: the inputs reach beyond the first check.
    for (const end of ['open', 'close 1002', 'close 1003', 'close 1007', 'close 1008', 'http 400', 'http 403'])
      assert.ok((ends[end] ?? 0) > 0, end);

    const socket = new WebSocket(`ws://${server.host}/v1/stream`);
    const events: Record<string, unknown>[] = [];
    socket.on('message', (data) => events.push(JSON.parse(String(data))));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ type: 'start', audio: { format: 'pcm16' } }));
    socket.send(pcm16([0.6, -0.6], 16_000));
    socket.send('{"type":"end"}');
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(events.findLast((event) => event['stage'] === 'fused')!['text'], 'w0 w1 W2');
  } finally {
    await server.close();
    process.removeListener('uncaughtException', note);
    process.removeListener('unhandledRejection', note);
  }
  assert.deepEqual(server.sockets.open, { connections: 0, sessions: 0 });
  assert.equal(server.source.open, 0);
});
