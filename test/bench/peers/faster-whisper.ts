/**
 * faster-whisper as a child process: the peer that people compare with. It runs on the very CTranslate2 files that our
 * graphs were made from. Python and the package live in a virtual environment in the cache folder, made at first use;
 * BYTEFUSE_FASTER_WHISPER_PYTHON names an interpreter that has the package already.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AppError } from '../../../models/core/app-error.ts';
import { cacheHome } from '../../../models/manifest/cache-home.ts';
import { note } from '../bench-report.ts';

/** The version that the figures in docs/benchmarks.md were taken with. */
const PACKAGE = 'faster-whisper==1.2.1';
const SCRIPT = fileURLToPath(new URL('../../../../test/bench/peers/faster-whisper.py', import.meta.url));
/** Loading takes seconds; a first import of a cold disk longer. */
const READY_MS_MAX = 180_000;

export interface PeerOptions {
  /** CTranslate2 folder: model.bin, config.json, tokenizer.json, vocabulary.txt. */
  readonly modelDir: string;
  readonly computeType: 'float32' | 'int8';
  readonly threads: number;
  readonly previousText: boolean;
}

export interface PeerReply {
  readonly text: string;
  /** Wall-clock time of the clip, reading of the file included. */
  readonly seconds: number;
  readonly audioSeconds: number;
  readonly maxRssBytes: number;
}

export interface PeerFacts {
  readonly loadSeconds: number;
  readonly versions: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (line: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
}

export class FasterWhisper {
  readonly facts: PeerFacts;
  readonly #child: ChildProcess;
  readonly #lines: LineReader;

  private constructor(child: ChildProcess, lines: LineReader, facts: PeerFacts) {
    this.#child = child;
    this.#lines = lines;
    this.facts = facts;
  }

  /** Throws AppError `python_missing`, `source_unavailable` (pip failed), `peer_lost` (it ended while loading). */
  static async open(options: PeerOptions): Promise<FasterWhisper> {
    const python = await peerPython();
    const { modelDir, computeType, threads, previousText } = options;
    const args = [SCRIPT, '--model', modelDir, '--compute-type', computeType, '--threads', String(threads)];
    if (previousText) args.push('--previous-text');
    // Threads of OpenMP that spin after a call would be counted against whoever comes next.
    const env = { ...process.env, OMP_WAIT_POLICY: 'passive', HF_HUB_OFFLINE: '1' };
    const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    const lines = new LineReader(child);
    const ready = await lines.next(READY_MS_MAX);
    const facts = { loadSeconds: Number(ready['load_seconds']), versions: ready['versions'] as Record<string, string> };
    return new FasterWhisper(child, lines, facts);
  }

  /** Throws AppError `peer_lost`, or `internal` with the peer's own error. */
  async transcribe(path: string, language: string): Promise<PeerReply> {
    this.#child.stdin!.write(`${JSON.stringify({ file: path, lang: language })}\n`);
    const line = await this.#lines.next(600_000);
    if (line['error'] !== undefined) throw new AppError('internal', `faster-whisper on ${path}: ${line['error']}`);
    return {
      text: String(line['text']),
      seconds: Number(line['seconds']),
      audioSeconds: Number(line['audio_seconds']),
      maxRssBytes: Number(line['max_rss_bytes']),
    };
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
  readonly #ready: Record<string, unknown>[] = [];
  #waiting: Waiting | null = null;
  #ended: Error | null = null;
  #stderr = '';

  constructor(child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const value = JSON.parse(line) as Record<string, unknown>;
      if (this.#waiting) this.#waiting.resolve(value);
      else this.#ready.push(value);
      this.#waiting = null;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    const fail = (what: string) => {
      this.#ended = new AppError('peer_lost', `faster-whisper ${what}: ${this.#stderr.trim() || 'it said nothing'}`);
      this.#waiting?.reject(this.#ended);
      this.#waiting = null;
    };
    child.on('error', (error) => fail(`did not start (${error.message})`));
    child.on('exit', (code) => fail(`ended with status ${code}`));
  }

  next(msMax: number): Promise<Record<string, unknown>> {
    const ready = this.#ready.shift();
    if (ready) return Promise.resolve(ready);
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new AppError('peer_lost', `faster-whisper was silent for ${msMax} ms`)),
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

/** The interpreter that has faster-whisper: the environment's, or that of our own virtual environment, made if absent. */
export async function peerPython(): Promise<string> {
  const given = process.env['BYTEFUSE_FASTER_WHISPER_PYTHON'];
  if (given) return given;
  const folder = join(cacheHome(), 'bench', PACKAGE.replace('==', '-'));
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const run = promisify(execFile);
  const works = () =>
    run(python, ['-c', 'import faster_whisper']).then(
      () => true,
      () => false,
    );
  if (existsSync(python) && (await works())) return python;
  note(`Installing ${PACKAGE} into ${folder}; this happens once.`);
  await mkdir(folder, { recursive: true });
  const base = process.platform === 'win32' ? 'python' : 'python3';
  await run(base, ['-m', 'venv', folder]).catch((cause: unknown) => {
    throw new AppError('python_missing', `${base} -m venv failed: the peer needs Python 3.9 or later`, { cause });
  });
  await run(python, ['-m', 'pip', 'install', '--quiet', PACKAGE], { maxBuffer: 2 ** 24 }).catch((cause: unknown) => {
    throw new AppError('source_unavailable', `pip could not install ${PACKAGE}`, { cause });
  });
  return python;
}
