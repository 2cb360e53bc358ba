/**
 * What the user sees while work is under way, all on stderr: a bar on a terminal, plain lines elsewhere, nothing with
 * --quiet. One bar at a time: a model that comes in, or the recordings under way.
 */

import { SingleBar } from 'cli-progress';
import type { AppError } from '../../models/core/app-error.ts';
import type { Transcript, Warning } from '../../models/core/transcript.ts';
import type { ModelProgress } from '../../models/manifest/progress.ts';
import type { TranscribeProgress } from '../app/bytefuse.ts';
import { formatDuration, formatFactor, formatMegabytes, progressText } from './progress-line.ts';

export interface Reporter {
  model(progress: ModelProgress): void;
  notice(model: string, text: string): void;
  recording(name: string, progress: TranscribeProgress): void;
  /** A document under way. */
  document(name: string, progress: DocumentProgress): void;
  /** The document is finished: a line on what came of it, and what the user should know. */
  read(name: string, text: string, warnings: readonly Warning[]): void;
  /** Work of any kind: `fraction` of it is done, null where the end is not known. `announce`: worth a line at once. */
  work(state: { key: string; text: string; fraction: number | null; announce: boolean }): void;
  /** The recording is finished: what came of it, and where it was written. */
  done(name: string, transcript: Transcript, outputs: readonly string[]): void;
  failed(name: string, error: AppError): void;
  /** The last line of a run over several recordings. */
  summary(text: string): void;
  /** A line for people, only with --verbose. */
  detail(text: string): void;
  /** Takes the bar away, so that something else can be printed. */
  clear(): void;
}

export interface DocumentProgress {
  readonly donePages: number;
  readonly totalPages: number;
  readonly elapsedMs: number;
}

export interface ReporterOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly stream: NodeJS.WriteStream;
  /** Milliseconds, for pacing plain lines. */
  readonly nowMs?: () => number;
}

export function openReporter(options: ReporterOptions): Reporter {
  const board: Board = options.quiet
    ? { show: () => {}, clear: () => {} }
    : options.stream.isTTY
      ? barBoard(options.stream)
      : lineBoard(options.stream, options.nowMs ?? (() => performance.now()));
  return reporterOn(board, options);
}

/** Shows the state of one thing at a time. `fraction` is null where the end is not known. */
interface Board {
  /** `announce`: worth a line at once, even where there is no terminal. */
  show(state: { key: string; text: string; fraction: number | null; announce: boolean }): void;
  clear(): void;
}

const PHASES = {
  wait: 'waiting for another process',
  download: 'downloading',
  unpack: 'unpacking',
  verify: 'verifying',
  convert: 'converting',
} as const satisfies Record<ModelProgress['phase'], string>;

function reporterOn(board: Board, { quiet, verbose, stream }: ReporterOptions): Reporter {
  const say = (text: string): void => {
    board.clear();
    stream.write(`${text}\n`);
  };
  const active = new Map<string, TranscribeProgress>();
  return {
    model: ({ artefact, phase, doneBytes, totalBytes }) => {
      const known = totalBytes > 0;
      const size = known ? ` ${formatMegabytes(doneBytes)} of ${formatMegabytes(totalBytes)}` : '';
      const fraction = known ? doneBytes / totalBytes : null;
      const text = `${artefact}: ${PHASES[phase]}${size}`;
      board.show({ key: `${artefact} ${phase}`, text, fraction, announce: true });
    },
    notice: (model, text) => {
      if (!quiet) say(`${model}: ${text}`);
    },
    recording: (name, progress) => {
      active.set(name, progress);
      board.show({ ...combined(active), announce: false });
    },
    document: (name, { donePages, totalPages, elapsedMs }) => {
      const left =
        donePages > 0 ? `, ${formatDuration((elapsedMs / 1000 / donePages) * (totalPages - donePages))} left` : '';
      const text = `${name}: page ${Math.min(donePages + 1, totalPages)} of ${totalPages}${left}`;
      board.show({ key: name, text, fraction: donePages / Math.max(1, totalPages), announce: false });
    },
    read: (name, text, warnings) => {
      if (quiet) return;
      say(`${name}: ${text}`);
      for (const { code, message } of warnings) say(`${name}: warning: ${message} [${code}]`);
    },
    work: (state) => board.show(state),
    done: (name, transcript, outputs) => {
      active.delete(name);
      if (quiet) return;
      say(doneText(name, transcript, outputs));
      for (const { code, message } of transcript.warnings) say(`${name}: warning: ${message} [${code}]`);
    },
    failed: (name, error) => {
      active.delete(name);
      say(`bytefuse: ${named(name, error)}`);
    },
    summary: (text) => {
      if (!quiet) say(text);
    },
    detail: (text) => {
      if (verbose && !quiet) say(text);
    },
    clear: () => board.clear(),
  };
}

/** Messages of audio errors name the file by themselves; others do not. */
function named(name: string, error: AppError): string {
  const base = name.split(/[\\/]/).at(-1)!;
  return error.message.includes(base) ? error.describe() : `${name}: ${error.describe()}`;
}

/** Several recordings under way read as one: seconds add up. */
function combined(active: ReadonlyMap<string, TranscribeProgress>) {
  const all = [...active.values()];
  const known = all.every(({ totalSeconds }) => totalSeconds !== null);
  const progress: TranscribeProgress = {
    doneSeconds: all.reduce((sum, { doneSeconds }) => sum + doneSeconds, 0),
    totalSeconds: known ? all.reduce((sum, { totalSeconds }) => sum + totalSeconds!, 0) : null,
    elapsedMs: Math.max(...all.map(({ elapsedMs }) => elapsedMs)),
  };
  const name = active.size === 1 ? [...active.keys()][0]! : `${active.size} recordings`;
  const total = progress.totalSeconds;
  return {
    key: name,
    text: `${name}: ${progressText(progress)}`,
    fraction: total ? progress.doneSeconds / total : null,
  };
}

export function doneText(name: string, transcript: Transcript, outputs: readonly string[]): string {
  const { duration, language, languageProbability, timings } = transcript;
  const factor = formatFactor(duration > 0 ? timings.totalMs / 1000 / duration : null);
  const sure = languageProbability < 1 ? ` (${languageProbability.toFixed(2)})` : '';
  const written = outputs.length > 0 ? ` -> ${outputs.join(', ')}` : '';
  return (
    `${name}: ${formatDuration(duration)} of audio in ${formatDuration(timings.totalMs / 1000)}, ` +
    `real-time factor ${factor}, language ${language}${sure}${written}`
  );
}

const BAR_STEPS = 1000;

function barBoard(stream: NodeJS.WriteStream): Board {
  let bar: SingleBar | null = null;
  const clear = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    show: ({ text, fraction }) => {
      const value = Math.round(BAR_STEPS * Math.min(1, fraction ?? 0));
      if (bar === null) {
        bar = new SingleBar({
          stream,
          format: '{bar} {text}',
          barsize: 24,
          clearOnComplete: true,
          hideCursor: true,
          // The program puts the terminal right itself when it is interrupted.
          gracefulExit: false,
        });
        bar.start(BAR_STEPS, value, { text });
      } else bar.update(value, { text });
    },
    clear,
  };
}

/** A line at the start of each thing, and then at most one in this long: logs stay readable. */
const LINE_INTERVAL_MS = 10_000;

function lineBoard(stream: NodeJS.WriteStream, nowMs: () => number): Board {
  let lastKey = '';
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    show: ({ key, text, fraction, announce }) => {
      const now = nowMs();
      const finished = fraction !== null && fraction >= 1;
      if (key !== lastKey) {
        lastKey = key;
        lastMs = now;
        if (announce && !finished) stream.write(`${text}\n`);
      } else if (!finished && now - lastMs >= LINE_INTERVAL_MS) {
        lastMs = now;
        stream.write(`${text}\n`);
      }
    },
    clear: () => {},
  };
}
