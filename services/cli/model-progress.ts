/** Draws the models room's progress: a bar on a terminal, plain lines elsewhere. Always on standard error. */

import { Presets, SingleBar } from 'cli-progress';
import type { ModelPhase, ModelProgress } from '../../models/manifest/progress.ts';

export interface ProgressOutput {
  readonly isTerminal: boolean;
  /** One line, without its end. */
  readonly line: (text: string) => void;
  /** Injected in tests. */
  readonly nowMs?: (() => number) | undefined;
}

const PHASE_WORDS: Readonly<Record<ModelPhase, string>> = {
  wait: 'waiting for another process with',
  download: 'downloading',
  unpack: 'unpacking',
  verify: 'verifying',
  convert: 'converting',
};

/** Plain lines are for logs: one per phase, and one in so many milliseconds while it lasts. */
const LINE_EVERY_MS = 10_000;

/** The room's events go to `show`; `close` ends a bar that is open. */
export class ModelProgressView {
  readonly #output: ProgressOutput;
  #bar: SingleBar | null = null;
  #current = '';
  #lineMs = 0;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  readonly show = (event: ModelProgress): void => {
    const words = `${PHASE_WORDS[event.phase]} ${event.artefact}`;
    if (this.#output.isTerminal && event.totalBytes > 0) this.#draw(words, event);
    else this.#write(words, event);
  };

  /** Ends the bar, so that other output starts on a line of its own. */
  close(): void {
    this.#bar?.stop();
    this.#bar = null;
    this.#current = '';
  }

  /** A line between bars. */
  say(text: string): void {
    this.close();
    this.#output.line(text);
  }

  #draw(words: string, event: ModelProgress): void {
    if (this.#current !== words) {
      this.close();
      this.#current = words;
      const format = `${words} {bar} {percentage}% of {size}, {eta_formatted} left`;
      this.#bar = new SingleBar(
        { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, etaBuffer: 50 },
        Presets.shades_classic,
      );
      this.#bar.start(event.totalBytes, event.doneBytes, { size: megabytes(event.totalBytes) });
      return;
    }
    this.#bar?.update(event.doneBytes);
  }

  #write(words: string, event: ModelProgress): void {
    const nowMs = (this.#output.nowMs ?? Date.now)();
    if (this.#current === words && nowMs - this.#lineMs < LINE_EVERY_MS) return;
    this.#current = words;
    this.#lineMs = nowMs;
    const share = event.totalBytes > 0 ? ` (${megabytes(event.doneBytes)} of ${megabytes(event.totalBytes)})` : '';
    this.#output.line(`${words}${share}`);
  }
}

export function megabytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
