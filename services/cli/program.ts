/** The tree of commands, and how a failure becomes a message and an exit status. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { AppError, ERRORS } from '../../models/core/app-error.ts';
import { composeRecognizer } from '../app/compose.ts';
import { CONVERTERS } from '../app/ready-models.ts';
import type { WorkerModule } from '../transport/worker-thread.ts';
import { evalCommand } from './eval-command.ts';
import { interruptible } from './interrupt.ts';
import { keysCommand } from './keys-command.ts';
import { modelsCommand } from './models-command.ts';
import { ocrCommand } from './ocr-command.ts';
import { recognizerCommand } from './recognizer-command.ts';
import { openReporter } from './reporter.ts';
import { serveCommand } from './serve-command.ts';
import { transcribeCommand } from './transcribe-command.ts';
import { addRecognizerFlags, type RecognizerFlags, recognizerOptionsOf } from './transcribe-flags.ts';

/** Runs one command line; returns its exit status and never throws. */
export async function runProgram(args: readonly string[]): Promise<number> {
  quietWhenPipeCloses();
  return interruptible(async (signal) => {
    let status = 0;
    const program = buildProgram(signal, (worse) => {
      status = Math.max(status, worse);
    });
    try {
      if (args.length === 0) program.outputHelp();
      else await program.parseAsync([...args], { from: 'user' });
    } catch (error) {
      status = report(error);
    }
    return status;
  });
}

/** `setStatus` is for commands that finish in spite of a failure, such as one bad file among many. */
export function buildProgram(signal: AbortSignal, setStatus: (status: number) => void): Command {
  const program = new Command('bytefuse')
    .description('Speech and document recognition with a language model inside the decoder, on your own machine.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addCommand(transcribeCommand(signal, setStatus))
    .addCommand(ocrCommand(signal, setStatus))
    .addCommand(evalCommand(signal, setStatus))
    .addCommand(serveCommand(signal, ownVersion()))
    .addCommand(keysCommand())
    .addCommand(modelsCommand({ converters: CONVERTERS, signal }))
    .addCommand(
      recognizerCommand({
        signal,
        addFlags: addRecognizerFlags,
        openModule: (flags) => openRecognizer(flags, signal),
      }),
    )
    .addHelpText('after', '\nExit statuses and all options: docs/cli.md');
  throwInsteadOfExit(program);
  return program;
}

async function openRecognizer(flags: RecognizerFlags, signal: AbortSignal): Promise<WorkerModule> {
  const reporter = openReporter({ quiet: false, verbose: false, stream: process.stderr });
  try {
    return await composeRecognizer({
      ...recognizerOptionsOf(flags),
      signal,
      onModelProgress: (progress) => reporter.model(progress),
      onNotice: (model, text) => reporter.notice(model, text),
    });
  } finally {
    reporter.clear();
  }
}

/** Commander would end the process by itself, in its own words. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  command.showSuggestionAfterError(true);
  for (const child of command.commands) throwInsteadOfExit(child);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version were asked for and have been printed.
    if (error.exitCode === 0 || error.code === 'commander.help') return error.exitCode === 0 ? 0 : ERRORS.usage.exit;
    const message = error.message.replace(/^error: /, '');
    return report(new AppError('usage', message.charAt(0).toUpperCase() + message.slice(1)));
  }
  const failure = AppError.from(error);
  process.stderr.write(`bytefuse: ${failure.describe()}\n`);
  if (failure.code === 'internal' || process.env['BYTEFUSE_TRACE']) {
    const cause = failure.cause instanceof Error ? failure.cause : failure;
    process.stderr.write(`${cause.stack}\n`);
  }
  return failure.kind.exit;
}

/** `bytefuse ... | head` is no failure: the reader has what it wanted. */
function quietWhenPipeCloses(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}

/** package.json stands three folders above this file in dist, in a clone as in an installed package. */
function ownVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
