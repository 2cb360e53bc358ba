import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { FRAME_BYTES_MAX } from '../../fusion/protocol/limits.ts';
import type { AppError } from '../../models/core/app-error.ts';
import type { Channel } from '../../services/transport/channel.ts';
import { dialWebSocket } from '../../services/transport/web-socket-channel.ts';
import {
  type ListenAddress,
  listenWebSocket,
  parseListenAddress,
  type WebSocketListener,
} from '../../services/transport/web-socket-listener.ts';

const LOOPBACK: ListenAddress = { host: '127.0.0.1', port: 0 };

/** Runs `body` with a listener; `channels` gives those that dialed in, in order. */
async function listening(
  body: (listener: WebSocketListener, next: () => Promise<Channel>) => Promise<void>,
  options: { address?: ListenAddress; key?: string; connectionsMax?: number } = {},
): Promise<void> {
  const { address = LOOPBACK, ...rest } = options;
  const channels: Channel[] = [];
  let wake: () => void = () => undefined;
  const listener = await listenWebSocket(address, {
    ...rest,
    onChannel: (channel) => {
      channels.push(channel);
      wake();
    },
  });
  const next = async () => {
    while (channels.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return channels.shift()!;
  };
  try {
    await body(listener, next);
  } finally {
    await listener.close();
  }
}

const frameOf = (channel: Channel) => new Promise<Uint8Array>((resolve) => channel.onFrame(resolve));
const endOf = (channel: Channel) => new Promise<AppError | undefined>((resolve) => channel.onClose(resolve));

test('frames go both ways, and the end is told', async () => {
  await listening(async ({ url }, next) => {
    const near = await dialWebSocket(url);
    const far = await next();
    near.send(Uint8Array.from([1, 2, 3]));
    assert.deepEqual([...(await frameOf(far))], [1, 2, 3]);
    far.send(new Uint8Array(FRAME_BYTES_MAX).fill(9));
    const large = await frameOf(near);
    assert.equal(large.length, FRAME_BYTES_MAX);
    // A frame owns its buffer, so that it can be moved on to a worker.
    assert.equal(large.buffer.byteLength, large.length);
    const ended = endOf(far);
    near.close();
    assert.equal((await ended)?.code, 'peer_lost');
  });
});

test('the key is asked for: the right one opens, a wrong one and none do not', async () => {
  await listening(
    async ({ url }, next) => {
      await dialWebSocket(url, { key: 'right' });
      await next();
      await assert.rejects(dialWebSocket(url, { key: 'wrong' }), { code: 'peer_unauthorized' });
      await assert.rejects(dialWebSocket(url), { code: 'peer_unauthorized' });
    },
    { key: 'right' },
  );
});

test('a web page cannot connect: what sends Origin is refused', async () => {
  await listening(async ({ url }) => {
    const socket = new WebSocket(url, { origin: 'https://example.org' });
    const status = await new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    });
    assert.equal(status, 403);
  });
});

test('a plain HTTP request is told what this port is for', async () => {
  await listening(async ({ url }) => {
    const response = await fetch(url.replace('ws:', 'http:'));
    assert.equal(response.status, 426);
    assert.match(await response.text(), /hypothesis protocol/);
  });
});

test('connections beyond the limit are refused', async () => {
  await listening(
    async ({ url }, next) => {
      const first = await dialWebSocket(url);
      await next();
      await assert.rejects(dialWebSocket(url), { code: 'overloaded' });
      first.close();
    },
    { connectionsMax: 1 },
  );
});

test('a frame that is too long and a text message end the connection', async () => {
  await listening(async ({ url }, next) => {
    for (const [data, code] of [
      [Buffer.alloc(FRAME_BYTES_MAX + 1), 1009],
      ['text', 1003],
    ] as const) {
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.once('open', resolve));
      const far = await next();
      const ended = endOf(far);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.send(data);
      assert.equal((await ended)?.code, 'protocol_error');
      assert.equal(await closed, code);
    }
  });
});

test('a Unix socket works, is for this user alone and is removed at the end', {
  skip: process.platform === 'win32',
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-'));
  const socketPath = join(folder, 'peer.sock');
  try {
    await listening(
      async ({ url }, next) => {
        assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
        const near = await dialWebSocket(url);
        near.send(Uint8Array.from([7]));
        assert.deepEqual([...(await frameOf(await next()))], [7]);
      },
      { address: { socketPath } },
    );
    assert.equal(existsSync(socketPath), false);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('nobody listens beyond the loopback without a key', async () => {
  const onChannel = () => undefined;
  await assert.rejects(listenWebSocket({ host: '0.0.0.0', port: 0 }, { onChannel }), { code: 'usage', message: /key/ });
  await assert.rejects(listenWebSocket(LOOPBACK, { key: '', onChannel }), { code: 'usage' });
});

test('an address that is taken is a usage error', async () => {
  await listening(async ({ url }) => {
    const address = { host: '127.0.0.1', port: Number(new URL(url).port) };
    await assert.rejects(listenWebSocket(address, { onChannel: () => undefined }), {
      code: 'usage',
      message: /EADDRINUSE/,
    });
  });
});

test('what is no address is refused, by the one who listens and by the one who dials', async () => {
  assert.deepEqual(parseListenAddress('0.0.0.0:80'), { host: '0.0.0.0', port: 80 });
  assert.deepEqual(parseListenAddress('[::1]:80'), { host: '::1', port: 80 });
  assert.deepEqual(parseListenAddress('8080'), { host: '127.0.0.1', port: 8080 });
  assert.deepEqual(parseListenAddress('unix:a/b'), { socketPath: 'a/b' });
  for (const bad of ['', 'host', 'host:', 'host:99999', 'a:b:1', 'unix:']) {
    assert.throws(() => parseListenAddress(bad), { code: 'usage' }, bad);
  }
  await assert.rejects(dialWebSocket('nonsense'), { code: 'usage' });
});
