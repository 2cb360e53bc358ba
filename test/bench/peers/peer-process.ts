/** A peer as a child process that answers one JSON line per question, so that a bench can take turns with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AppError } from '../../../models/core/app-error.ts';

/** Loading takes seconds; a first import of a cold disk longer. */
const READY_MS_MAX = 180_000;
/** One clip or page; the longest take a minute. */
const ANSWER_MS_MAX = 600_000;

type Line = Record<string, unknown>;

interface Waiting {
  readonly resolve: (line: Line) => void;
  readonly reject: (error: Error) => void;
}

export class PeerProcess {
  /** What it said when it was ready. */
  readonly ready: Readonly<Line>;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #lines: LineReader;

  private constructor(name: string, child: ChildProcess, lines: LineReader, ready: Line) {
    this.#name = name;
    this.#child = child;
    this.#lines = lines;
    this.ready = ready;
  }

  /** Throws AppError `peer_lost`: it ended while loading. */
  static async start(name: string, python: string, args: readonly string[]): Promise<PeerProcess> {
    // Threads of OpenMP that spin after a call would be counted against whoever comes next.
    const env = { ...process.env, OMP_WAIT_POLICY: 'passive', HF_HUB_OFFLINE: '1' };
    const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    const lines = new LineReader(name, child);
    return new PeerProcess(name, child, lines, await lines.next(READY_MS_MAX));
  }

  /** One question at a time. Throws AppError `peer_lost`, or `internal` with the peer's own error. */
  async ask(question: Readonly<Line>): Promise<Line> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    const line = await this.#lines.next(ANSWER_MS_MAX);
    if (line['error'] !== undefined) {
      throw new AppError('internal', `${this.#name} on ${question['file']}: ${line['error']}`);
    }
    return line;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(timer);
  }
}

/** One JSON line per answer, in order; the peer answers one question at a time. */
class LineReader {
  readonly #name: string;
  readonly #ready: Line[] = [];
  #waiting: Waiting | null = null;
  #ended: Error | null = null;
  #stderr = '';

  constructor(name: string, child: ChildProcess) {
    this.#name = name;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const value = JSON.parse(line) as Line;
      if (this.#waiting) this.#waiting.resolve(value);
      else this.#ready.push(value);
      this.#waiting = null;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    const fail = (what: string) => {
      this.#ended = new AppError('peer_lost', `${name} ${what}: ${this.#stderr.trim() || 'it said nothing'}`);
      this.#waiting?.reject(this.#ended);
      this.#waiting = null;
    };
    child.on('error', (error) => fail(`did not start (${error.message})`));
    child.on('exit', (code) => fail(`ended with status ${code}`));
  }

  next(msMax: number): Promise<Line> {
    const ready = this.#ready.shift();
    if (ready) return Promise.resolve(ready);
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new AppError('peer_lost', `${this.#name} was silent for ${msMax} ms`)),
        msMax,
      );
      this.#waiting = {
        resolve: (line) => {
          clearTimeout(timer);
          resolve(line);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
    });
  }
}
