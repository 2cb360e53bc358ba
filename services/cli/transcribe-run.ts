/** What `bytefuse transcribe` does with its files: check them, load the models, transcribe, write, and go on after a bad one. */

import { AppError } from '../../models/core/app-error.ts';
import type { Transcript } from '../../models/core/transcript.ts';
import { type Bytefuse, inspectAudio, openBytefuse } from '../app/bytefuse.ts';
import { FILE_ENDINGS, type OutputFormat, writeTranscript } from '../output/format.ts';
import { jsonValue, verboseJsonValue } from '../output/json.ts';
import { prepareOutputs, writeOutputs } from '../output/output-files.ts';
import { explainText } from './explain.ts';
import type { Reporter } from './reporter.ts';
import { openOptionsOf, requestOf, type TranscribeFlags } from './transcribe-flags.ts';

export class TranscribeRun {
  readonly #files: readonly string[];
  readonly #flags: TranscribeFlags;
  readonly #reporter: Reporter;
  readonly #signal: AbortSignal;
  readonly #failures: AppError[] = [];

  constructor(files: readonly string[], flags: TranscribeFlags, reporter: Reporter, signal: AbortSignal) {
    this.#files = files;
    this.#flags = flags;
    this.#reporter = reporter;
    this.#signal = signal;
  }

  /** Returns the exit status: 0, or that of the worst failure. Throws where no recording can be transcribed at all. */
  async run(): Promise<number> {
    const { outputDir, format, overwrite = false } = this.#flags;
    if (outputDir !== undefined) {
      const endings = format.map((one) => FILE_ENDINGS[one]);
      await prepareOutputs(outputDir, this.#files, endings, overwrite);
    }
    const sound = await this.#soundFiles();
    if (sound.length > 0) {
      const bytefuse = await this.#open();
      try {
        await this.#transcribeAll(bytefuse, sound);
      } finally {
        await bytefuse.close();
      }
    }
    if (this.#files.length > 1) {
      const failed = this.#failures.length;
      const done = this.#files.length - failed;
      this.#reporter.summary(`${done} of ${this.#files.length} recordings transcribed, ${failed} failed.`);
    }
    return Math.max(0, ...this.#failures.map((failure) => failure.kind.exit));
  }

  #fail(file: string, error: unknown): void {
    const failure = AppError.from(error);
    this.#failures.push(failure);
    this.#reporter.failed(file, failure);
    if (failure.code === 'internal' && failure.cause instanceof Error) {
      this.#reporter.detail(String(failure.cause.stack));
    }
  }

  /** Files that open. Nobody should wait for models to learn that a name was misspelled. */
  async #soundFiles(): Promise<string[]> {
    const { allowTruncated = false, secondsMax } = requestOf(this.#flags);
    const sound: string[] = [];
    for (const file of this.#files) {
      this.#signal.throwIfAborted();
      try {
        if (file !== '-') {
          await inspectAudio(file, { allowTruncated, ...(secondsMax === undefined ? {} : { secondsMax }) });
        }
        sound.push(file);
      } catch (error) {
        this.#fail(file, error);
      }
    }
    return sound;
  }

  async #open(): Promise<Bytefuse> {
    const startedMs = performance.now();
    const bytefuse = await openBytefuse({
      ...openOptionsOf(this.#flags, (text) => this.#reporter.notice('recognizer', text)),
      signal: this.#signal,
      onModelProgress: (progress) => this.#reporter.model(progress),
      onNotice: (model, text) => this.#reporter.notice(model, text),
    });
    const { recognizer, llm, device, threads } = bytefuse.facts;
    this.#reporter.detail(
      `Ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s: recognizer ${recognizer}, ` +
        `language model ${llm ?? 'none'}, device ${device}, ${threads} threads.`,
    );
    return bytefuse;
  }

  /** Up to --jobs recordings at a time; results come out in the order of the command line. */
  async #transcribeAll(bytefuse: Bytefuse, files: readonly string[]): Promise<void> {
    let next = 0;
    let emitted: Promise<void> = Promise.resolve();
    const worker = async (): Promise<void> => {
      for (let i = next++; i < files.length; i = next++) {
        const file = files[i]!;
        const before = emitted;
        const work = this.#transcribe(bytefuse, file);
        // A failure is told in its turn, below; until then nobody looks at it.
        work.catch(() => {});
        const emit = (async () => {
          await before.catch(() => {});
          await this.#finish(await work, file);
        })();
        emitted = emit;
        try {
          await emit;
        } catch (error) {
          if (this.#signal.aborted) throw AppError.from(this.#signal.reason, 'canceled');
          this.#fail(file, error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#flags.jobs, files.length) }, worker));
  }

  #transcribe(bytefuse: Bytefuse, file: string): Promise<Transcript> {
    const { deadline } = this.#flags;
    const limits = deadline === undefined ? [] : [AbortSignal.timeout(deadline * 1000)];
    return bytefuse.transcribe(file === '-' ? process.stdin : file, requestOf(this.#flags), {
      signal: AbortSignal.any([this.#signal, ...limits]),
      onProgress: (progress) => this.#reporter.recording(file, progress),
    });
  }

  async #finish(transcript: Transcript, file: string): Promise<void> {
    const { outputDir, format, overwrite = false, explain } = this.#flags;
    let outputs: string[] = [];
    if (outputDir === undefined) {
      this.#reporter.clear();
      const several = this.#files.length > 1;
      process.stdout.write(several ? joinable(transcript, file, format[0]!) : writeTranscript(transcript, format[0]!));
    } else outputs = await writeOutputs(outputDir, file, transcript, format, overwrite);
    this.#reporter.done(file, transcript, outputs);
    if (explain) {
      this.#reporter.clear();
      process.stderr.write(explainText(file, transcript));
    }
    this.#reporter.detail(statsText(file, transcript));
  }
}

/** Several results in one stream: texts under headings, JSON as one line per file. */
function joinable(transcript: Transcript, file: string, format: OutputFormat): string {
  if (format === 'json') return `${JSON.stringify({ file, ...jsonValue(transcript) })}\n`;
  if (format === 'verbose_json') return `${JSON.stringify({ file, ...verboseJsonValue(transcript) })}\n`;
  return `==> ${file} <==\n${writeTranscript(transcript, format)}`;
}

function statsText(file: string, { units, timings }: Transcript): string {
  const sum = (pick: (stats: Transcript['units'][number]['stats']) => number) =>
    units.reduce((total, { stats }) => total + pick(stats), 0);
  const seconds = (valueMs: number) => `${(valueMs / 1000).toFixed(2)} s`;
  return (
    `${file}: ${units.length} windows, ${sum((stats) => stats.steps)} steps; encoder ${seconds(timings.encodeMs)}, ` +
    `decoder ${seconds(timings.recognizeMs)}, language model ${seconds(timings.llmMs)} ` +
    `(${sum((stats) => stats.llmRows)} rows; eager ${sum((stats) => stats.llmRowsEager)}, ` +
    `floor ${sum((stats) => stats.llmRowsFloor)})`
  );
}
