/** The toy service at a port of its own on this machine, for clients that need one. */

import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type ToyServiceOptions, toyService } from './toy-service.ts';

export async function toyServer(t: Pick<TestContext, 'after'>, options: ToyServiceOptions = {}) {
  const service = await toyService(options);
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => service.app.close());
  // A TCP server has an address of this form.
  const { port } = service.app.server.address() as AddressInfo;
  return { ...service, port, url: `http://127.0.0.1:${port}` };
}

/** Bytes sent as they are; what came back until the other side closed, or `until` was seen. */
export function rawExchange(port: number, bytes: string | Buffer, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let answer = '';
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(20_000, () => {
      socket.destroy();
      reject(new Error(`no end of the answer: ${answer.slice(0, 500)}`));
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (until?.test(answer)) done();
    });
    socket.on('end', done);
    socket.on('close', done);
    // Hung up on while still sending: the answer, if any, has come by then.
    socket.on('error', () => {});
    socket.write(bytes);
  });
}
