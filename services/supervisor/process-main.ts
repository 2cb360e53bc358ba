/**
 * Entry of a model process: runs a worker's entry in a thread, and this thread stays free for what must not wait for a
 * model: sockets and their pings, the parent's orders, and its death.
 */
import { rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import { type Channel, joinChannels } from '../transport/channel.ts';
import { tellRefusal } from '../transport/refusal-question.ts';
import { dialWebSocket } from '../transport/web-socket-channel.ts';
import { listenWebSocket, type WebSocketListener } from '../transport/web-socket-listener.ts';
import { WorkerThread } from '../transport/worker-thread.ts';
import {
  EXIT_CLOSED,
  EXIT_LOAD_FAILED,
  EXIT_MODEL_LOST,
  EXIT_TERMINATED,
  type FromProcess,
  type ProcessSetup,
  type ToProcess,
} from './process-protocol.ts';

class ModelHost {
  #setup: ProcessSetup;
  #worker: WorkerThread;
  #listener: WebSocketListener | undefined;
  #closing = false;

  constructor(setup: ProcessSetup) {
    this.#setup = setup;
    this.#worker = new WorkerThread(new URL(setup.entry), setup.module);
    void this.#worker.exited.then(() => this.#workerExited());
  }

  get closing(): boolean {
    return this.#closing;
  }

  async run(): Promise<void> {
    const { socketPath, peerRole } = this.#setup;
    try {
      await this.#worker.ready;
      this.#listener = await listenWebSocket(
        { socketPath },
        { onChannel: (channel) => this.#serve(peerRole, channel) },
      );
    } catch (error) {
      if (this.#closing || this.#worker.ended) return;
      this.#closing = true;
      const { code, message } = AppError.from(error);
      await tell({ kind: 'failed', code, message });
      process.exit(EXIT_LOAD_FAILED);
    }
    await tell({ kind: 'ready', url: this.#listener.url });
  }

  async dial(id: number, url: string, role: string): Promise<void> {
    try {
      this.#serve(role, await dialWebSocket(url), () => void tell({ kind: 'parted', id }));
      await tell({ kind: 'dialed', id });
    } catch (error) {
      await tell({ kind: 'dialed', id, message: AppError.from(error).message });
    }
  }

  async answerRefusal(): Promise<void> {
    await tell({ kind: 'refusal', refusal: tellRefusal(await this.#worker.liveRefusal()) });
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    // The thread frees its models while the sockets still stand, so that peers hear why their streams end.
    await Promise.all([this.#worker.close(), this.#listener?.close()]);
    process.exit(EXIT_CLOSED);
  }

  /** At once, without waiting for native code: nobody wants the rest. */
  vanish(): void {
    try {
      unlinkSync(this.#setup.socketPath);
    } catch {
      // Not there yet, or gone with its folder.
    }
    try {
      // The last process of the folder succeeds.
      rmdirSync(dirname(this.#setup.socketPath));
    } catch {
      // Others are still there.
    }
    process.kill(process.pid, 'SIGKILL');
  }

  #serve(role: string, channel: Channel, ended?: () => void): void {
    joinChannels(this.#worker.connect(role), channel, ended);
  }

  #workerExited(): void {
    if (this.#closing) return;
    process.stderr.write(`${this.#worker.crash.message}\n`);
    process.exit(EXIT_MODEL_LOST);
  }
}

/** Resolves once it is on its way, or the parent is gone. */
function tell(message: FromProcess): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send!(message, undefined, undefined, () => resolve());
  });
}

let host: ModelHost | undefined;

// Ctrl-C in a terminal and the end of a service reach all processes at once; the parent decides what is finished first.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => {
  if (host?.closing ?? true) process.exit(EXIT_TERMINATED);
});
process.on('disconnect', () => (host === undefined ? process.exit(EXIT_CLOSED) : host.vanish()));
process.on('message', (message: ToProcess) => {
  switch (message.kind) {
    case 'setup':
      process.title = message.title;
      host = new ModelHost(message);
      void host.run();
      break;
    case 'dial':
      void host?.dial(message.id, message.url, message.role);
      break;
    case 'ask-refusal':
      void host?.answerRefusal();
      break;
    case 'close':
      if (host === undefined) process.exit(EXIT_CLOSED);
      else void host.close();
      break;
  }
});
// The parent may have died while this file was loaded.
if (!process.connected) process.exit(EXIT_CLOSED);
