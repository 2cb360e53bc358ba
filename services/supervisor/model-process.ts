import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AppError, ERRORS, type ErrorCode } from '../../models/core/app-error.ts';
import { residentBytes } from '../intake/process-memory.ts';
import { RefusalQuestion } from '../transport/refusal-question.ts';
import { STDERR_LINE_CHARS_MAX, STDERR_LINES_MAX } from './limits.ts';
import type { FromProcess, ProcessSetup, ToProcess } from './process-protocol.ts';
import type { Child, ChildEvents } from './supervisor.ts';

const ENTRY = fileURLToPath(new URL('./process-main.js', import.meta.url));
/** Variables that hold secrets by their name; nothing in a model process needs one. */
const SECRET = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i;
/** Where the system must end a process for want of memory, it shall be a model's, which is started again. */
const OOM_SCORE = 500;

/** A process that serves one recognizer or one combiner at a Unix socket. It ends with this process, however that ends. */
export class ModelProcess implements Child {
  readonly #child: ChildProcess;
  readonly #socketPath: string;
  readonly #dials = new Map<number, { resolve(): void; reject(error: AppError): void }>();
  readonly #parted = new Map<number, () => void>();
  readonly #refusal = new RefusalQuestion(() => this.#tell({ kind: 'ask-refusal' }));
  #lastDial = 0;
  #over = false;

  /** `stderr` gets what the process writes there, line by line; no process of ours writes text of users. */
  constructor(setup: ProcessSetup, events: ChildEvents, stderr: (line: string) => void) {
    this.#socketPath = setup.socketPath;
    const [command, ...args] = withoutCoreFile([process.execPath, ENTRY]);
    this.#child = spawn(command!, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A module's config may be more than JSON.
      serialization: 'advanced',
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !SECRET.test(name))),
    });
    this.#readStderr(stderr);
    this.#child.on('message', (message: FromProcess) => this.#take(message, events));
    // What goes wrong with the channel or the start shows as the end of the process.
    this.#child.on('error', () => this.#ended(events));
    this.#child.once('exit', () => this.#ended(events));
    this.#tell({ kind: 'setup', ...setup });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Has the process dial a peer and serve it in `role`; `parted` is called when that channel ends. Throws peer_lost. */
  dial(url: string, role: string, parted: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#over) {
        reject(goneError());
        return;
      }
      const id = ++this.#lastDial;
      this.#dials.set(id, { resolve, reject });
      this.#parted.set(id, parted);
      this.#tell({ kind: 'dial', id, url, role });
    });
  }

  /** Why one more live stream would be refused now; null where it would be taken, and where the process is gone. */
  async liveRefusal(): Promise<AppError | null> {
    return this.#over ? null : this.#refusal.ask();
  }

  close(): void {
    this.#tell({ kind: 'close' });
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async residentBytes(): Promise<number> {
    return this.pid === undefined ? 0 : residentBytes(this.pid);
  }

  #tell(message: ToProcess): void {
    // A process that is gone is told of by `exited`.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #take(message: FromProcess, events: ChildEvents): void {
    if (message.kind === 'ready') {
      events.ready(message.url);
    } else if (message.kind === 'failed') {
      const code: ErrorCode = Object.hasOwn(ERRORS, message.code) ? message.code : 'internal';
      events.failed(new AppError(code, message.message));
    } else if (message.kind === 'refusal') {
      this.#refusal.answer(message.refusal);
    } else if (message.kind === 'parted') {
      this.#parted.get(message.id)?.();
      this.#parted.delete(message.id);
    } else {
      const dial = this.#dials.get(message.id);
      this.#dials.delete(message.id);
      if (message.message === undefined) dial?.resolve();
      else dial?.reject(new AppError('peer_lost', message.message));
    }
  }

  #ended(events: ChildEvents): void {
    const { exitCode, signalCode, pid } = this.#child;
    // An error of a process that runs is not its end.
    if (this.#over || (pid !== undefined && exitCode === null && signalCode === null)) return;
    this.#over = true;
    for (const dial of this.#dials.values()) dial.reject(goneError());
    this.#dials.clear();
    this.#refusal.answer(null);
    // A process that was killed leaves its socket behind.
    rmSync(this.#socketPath, { force: true });
    events.exited({ code: exitCode, signal: signalCode });
  }

  #readStderr(stderr: (line: string) => void): void {
    let lines = 0;
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      lines++;
      if (lines <= STDERR_LINES_MAX) stderr(line.slice(0, STDERR_LINE_CHARS_MAX));
      else if (lines === STDERR_LINES_MAX + 1) stderr('(more lines are left out)');
    });
  }
}

function goneError(): AppError {
  return new AppError('peer_lost', 'The model process is gone.');
}

/** On Linux: no memory of users in a core file, and the first to go when memory runs out. */
function withoutCoreFile(command: readonly string[]): readonly string[] {
  const shell = '/bin/sh';
  if (process.platform !== 'linux' || !existsSync(shell)) return command;
  const script = `ulimit -c 0; echo ${OOM_SCORE} 2>/dev/null >/proc/self/oom_score_adj; exec "$@"`;
  return [shell, '-c', script, 'bytefuse', ...command];
}
