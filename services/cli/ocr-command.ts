/** `bytefuse ocr FILE...` */

import { Command } from 'commander';
import { addOcrFlags, checkOcrFlags, type OcrFlags } from './ocr-flags.ts';
import { OcrRun } from './ocr-run.ts';
import { openReporter } from './reporter.ts';

export function ocrCommand(signal: AbortSignal, setStatus: (status: number) => void): Command {
  const command = new Command('ocr')
    .description('read documents: pictures (JPEG, PNG, WebP, TIFF, GIF, AVIF) and PDF')
    .argument('<file...>', 'documents; - reads one from stdin');
  return addOcrFlags(command).action(async (files: string[], flags: OcrFlags) => {
    checkOcrFlags(flags, files);
    const { quiet = false, verbose = false } = flags;
    const reporter = openReporter({ quiet, verbose, stream: process.stderr });
    try {
      setStatus(await new OcrRun(files, flags, reporter, signal).run());
    } finally {
      reporter.clear();
    }
  });
}
