/** The toy service at a port of its own on this machine, for clients that need one. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TlsFiles } from '../../services/server/tls-identity.ts';
import { type ToyServiceOptions, toyService } from './toy-service.ts';

export async function toyServer(t: Pick<TestContext, 'after'>, options: ToyServiceOptions = {}) {
  const service = await toyService(options);
  await service.app.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => service.app.close());
  // A TCP server has an address of this form.
  const { port } = service.app.server.address() as AddressInfo;
  const scheme = options.parts?.tls ? 'https' : 'http';
  return { ...service, port, url: `${scheme}://127.0.0.1:${port}` };
}

export interface ToyProcessOptions {
  readonly drainMs?: number;
  /** Time that the toy takes for a second of speech. */
  readonly unitMs?: number;
  /** Time to end once the drain is over. */
  readonly exitMs?: number;
  /** Its models do not end. */
  readonly hangs?: boolean;
  readonly tls?: TlsFiles;
  readonly env?: NodeJS.ProcessEnv;
  /** Flags of Node. */
  readonly nodeArgs?: readonly string[];
  /** What it says on stderr is not shown. */
  readonly quiet?: boolean;
}

/** A service in a process of its own, to be sent signals. It says `working` in `lines` for each unit that it begins, and `closed` once its models are to end. */
export async function toyServerProcess(t: Pick<TestContext, 'after'>, options: ToyProcessOptions = {}) {
  const { env = {}, nodeArgs = [], quiet = false, ...told } = options;
  const script = fileURLToPath(new URL('./toy-server-process.js', import.meta.url));
  const child = spawn(process.execPath, [...nodeArgs, script, JSON.stringify(told)], {
    stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
    env: { ...process.env, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close');
  const first = await lines.next();
  if (first.done) throw new Error(`the process ended before it was ready, with ${(await ended)[0]}`);
  return { child, lines, ended, url: first.value, port: Number(new URL(first.value).port) };
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
