/** `bytefuse transcribe FILE...` */

import { Command } from 'commander';
import { openReporter } from './reporter.ts';
import { addTranscribeFlags, checkFlags, type TranscribeFlags } from './transcribe-flags.ts';
import { TranscribeRun } from './transcribe-run.ts';

export function transcribeCommand(signal: AbortSignal, setStatus: (status: number) => void): Command {
  const command = new Command('transcribe')
    .description('write down what is said in recordings (WAV, FLAC, MP3, OGG, WebM; M4A and AAC with ffmpeg)')
    .argument('<file...>', 'recordings; - reads one from stdin');
  return addTranscribeFlags(command).action(async (files: string[], flags: TranscribeFlags) => {
    checkFlags(flags, files);
    const { quiet = false, verbose = false } = flags;
    const reporter = openReporter({ quiet, verbose, stream: process.stderr });
    try {
      setStatus(await new TranscribeRun(files, flags, reporter, signal).run());
    } finally {
      reporter.clear();
    }
  });
}
