/** `bytefuse transcribe FILE...` */

import { Command } from 'commander';
import { AppError } from '../../models/core/app-error.ts';
import type { Transcript } from '../../models/core/transcript.ts';
import { type Bytefuse, openBytefuse, type TranscribeInput } from '../app/bytefuse.ts';
import { type OutputFormat, writeTranscript } from '../output/format.ts';
import { jsonValue, verboseJsonValue } from '../output/json.ts';
import { prepareOutputs, writeOutputs } from '../output/output-files.ts';
import { explainText } from './explain.ts';
import { openReporter, type Reporter } from './reporter.ts';
import { addTranscribeFlags, checkFlags, openOptionsOf, requestOf, type TranscribeFlags } from './transcribe-flags.ts';

export function transcribeCommand(signal: AbortSignal, setStatus: (status: number) => void): Command {
  const command = new Command('transcribe')
    .description('write down what is said in recordings (WAV, FLAC, MP3, OGG, WebM; M4A and AAC with ffmpeg)')
    .argument('<file...>', 'recordings; - reads one from stdin');
  return addTranscribeFlags(command).action(async (files: string[], flags: TranscribeFlags) => {
    checkFlags(flags, files);
    const reporter = openReporter({
      quiet: flags.quiet ?? false,
      verbose: flags.verbose ?? false,
      stream: process.stderr,
    });
    try {
      setStatus(await transcribeFiles(files, flags, reporter, signal));
    } finally {
      reporter.clear();
    }
  });
}

/** Returns the exit status: 0, or that of the worst failure. Throws where no recording can be transcribed at all. */
async function transcribeFiles(
  files: readonly string[],
  flags: TranscribeFlags,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<number> {
  const { outputDir, format, overwrite = false } = flags;
  if (outputDir !== undefined) await prepareOutputs(outputDir, files, format, overwrite);
  const openedMs = performance.now();
  const bytefuse = await openBytefuse({
    ...openOptionsOf(flags),
    signal,
    onModelProgress: (progress) => reporter.model(progress),
    onNotice: (model, text) => reporter.notice(model, text),
  });
  try {
    const { recognizer, llm, device, threads } = bytefuse.facts;
    reporter.detail(
      `Ready after ${((performance.now() - openedMs) / 1000).toFixed(1)} s: recognizer ${recognizer}, ` +
        `language model ${llm ?? 'none'}, device ${device}, ${threads} threads.`,
    );
    return await runJobs(bytefuse, files, flags, reporter, signal);
  } finally {
    await bytefuse.close();
  }
}

/** Up to --jobs recordings at a time; results come out in the order of the command line. */
async function runJobs(
  bytefuse: Bytefuse,
  files: readonly string[],
  flags: TranscribeFlags,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<number> {
  const failures: AppError[] = [];
  let next = 0;
  let emitted: Promise<void> = Promise.resolve();
  const worker = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i]!;
      const before = emitted;
      const work = transcribeFile(bytefuse, file, flags, reporter, signal);
      // A failure is told in its turn, below; until then nobody looks at it.
      work.catch(() => {});
      const emit = (async () => {
        await before.catch(() => {});
        await finish(await work, file, files.length > 1, flags, reporter);
      })();
      emitted = emit;
      try {
        await emit;
      } catch (error) {
        if (signal.aborted) throw AppError.from(signal.reason, 'canceled');
        const failure = AppError.from(error);
        failures.push(failure);
        reporter.failed(file, failure);
        if (failure.code === 'internal' && failure.cause instanceof Error) reporter.detail(String(failure.cause.stack));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(flags.jobs, files.length) }, worker));
  if (files.length > 1) {
    const done = files.length - failures.length;
    reporter.summary(`${done} of ${files.length} recordings transcribed, ${failures.length} failed.`);
  }
  return Math.max(0, ...failures.map((failure) => failure.kind.exit));
}

async function transcribeFile(
  bytefuse: Bytefuse,
  file: string,
  flags: TranscribeFlags,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<Transcript> {
  const input: TranscribeInput = file === '-' ? process.stdin : file;
  const deadline = flags.deadline === undefined ? [] : [AbortSignal.timeout(flags.deadline * 1000)];
  return bytefuse.transcribe(input, requestOf(flags), {
    signal: AbortSignal.any([signal, ...deadline]),
    onProgress: (progress) => reporter.recording(file, progress),
  });
}

async function finish(
  transcript: Transcript,
  file: string,
  several: boolean,
  flags: TranscribeFlags,
  reporter: Reporter,
): Promise<void> {
  const { outputDir, format, overwrite = false } = flags;
  let outputs: string[] = [];
  if (outputDir === undefined) {
    reporter.clear();
    process.stdout.write(several ? joinable(transcript, file, format[0]!) : writeTranscript(transcript, format[0]!));
  } else outputs = await writeOutputs(outputDir, file, transcript, format, overwrite);
  reporter.done(file, transcript, outputs);
  if (flags.explain) {
    reporter.clear();
    process.stderr.write(explainText(file, transcript));
  }
  reporter.detail(statsText(file, transcript));
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
