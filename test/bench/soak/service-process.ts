/** The product as `npm start` runs it, in a process of its own at a free port of this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../../../models/core/app-error.ts';
import { PROJECT_ROOT } from '../../support/project-files.ts';

/** Requests that wait for a model: few, so that a burst of a dozen uploads is refused in part. */
const WAITING = 4;
const LINES_KEPT = 20;
const LINE_CHARS_KEPT = 600;
/** Level of pino's `error`. */
const ERROR_LEVEL = 50;
/** Draining takes 20 s at most, and then models are freed. */
const STOP_MS_MAX = 60_000;

export interface ServiceEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceStop extends ServiceEnd {
  /** From the order to the end of the process. */
  readonly ms: number;
  /** What it left in its folders. */
  readonly left: readonly string[];
}

export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Requests in the service's own log, by status. */
  readonly statuses = new Map<number, number>();
  /** Lines of its log from level `error` on: bugs. At most 20. */
  readonly errors: string[] = [];
  /** What it wrote on stderr after the start, at most 20 lines. */
  readonly said: string[] = [];
  #end: ServiceEnd | undefined;
  readonly ended: Promise<ServiceEnd>;
  #port = 0;
  #stopping: Promise<ServiceStop> | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    const sockets = join(folder, 's');
    const temporary = join(folder, 't');
    for (const one of [sockets, temporary]) mkdirSync(one, { mode: 0o700 });
    const main = join(PROJECT_ROOT, 'dist', 'services', 'cli', 'main.js');
    this.#child = spawn(process.execPath, [main, 'serve', '--port', '0', '--waiting', String(WAITING)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Folders of its own: whatever it leaves in them is its own.
      env: { ...process.env, TMPDIR: temporary, XDG_RUNTIME_DIR: sockets },
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (status, signal) => {
        this.#end = { status, signal };
        resolve(this.#end);
      });
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#logged(line));
  }

  /** Resolves once the models are loaded. Throws internal where the process ends before, with what it said. */
  static async start(): Promise<ServiceProcess> {
    const service = new ServiceProcess(mkdtempSync(join(tmpdir(), 'bf-soak-')));
    let said = '';
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: service.#child.stderr! }).on('line', (line) => {
        if (service.#port !== 0) keep(service.said, line);
        said += `${line}\n`;
        const [, port] = /^Ready at http:\/\/[^:]+:(\d+):/.exec(line) ?? [];
        if (port === undefined) return;
        service.#port = Number(port);
        resolve();
      });
      service.ended.then(({ status, signal }) => {
        if (service.#port !== 0) return;
        rmSync(service.#folder, { recursive: true, force: true });
        reject(new AppError('internal', `The service ended with ${status ?? signal} before it was ready:\n${said}`));
      });
    });
    return service;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get port(): number {
    return this.#port;
  }

  /** How the process ended; undefined while it runs. */
  get end(): ServiceEnd | undefined {
    return this.#end;
  }

  /** Folders of uploads and documents that lie in its temporary folder now. */
  temporaryFiles(): string[] {
    return readdirSync(join(this.#folder, 't'));
  }

  /** Ends it as an operator does; killed where it takes longer than a minute. May be called twice. */
  stop(): Promise<ServiceStop> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<ServiceStop> {
    const startedMs = performance.now();
    if (this.#end === undefined) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    const end = await this.ended;
    clearTimeout(timer);
    const left = [...this.temporaryFiles(), ...readdirSync(join(this.#folder, 's'))];
    rmSync(this.#folder, { recursive: true, force: true });
    return { ...end, ms: Math.round(performance.now() - startedMs), left };
  }

  #logged(line: string): void {
    let entry: { level?: unknown; msg?: unknown; status?: unknown };
    try {
      entry = JSON.parse(line);
    } catch {
      keep(this.errors, line);
      return;
    }
    if (entry.msg === 'request' && typeof entry.status === 'number') {
      this.statuses.set(entry.status, (this.statuses.get(entry.status) ?? 0) + 1);
    }
    if (typeof entry.level === 'number' && entry.level >= ERROR_LEVEL) keep(this.errors, line);
  }
}

function keep(lines: string[], line: string): void {
  if (lines.length < LINES_KEPT) lines.push(line.slice(0, LINE_CHARS_KEPT));
}
