/** The formats of a transcript, and the writer of each. */

import type { Transcript } from '../../models/core/transcript.ts';
import { jsonValue, verboseJsonValue } from './json.ts';
import { writeSrt } from './srt.ts';
import { writeTsv } from './tsv.ts';
import { writeVtt } from './vtt.ts';

export const OUTPUT_FORMATS = ['text', 'json', 'verbose_json', 'srt', 'vtt', 'tsv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Endings of output files. Both JSON formats may be asked for at once, so they differ. */
export const FILE_ENDINGS: Readonly<Record<OutputFormat, string>> = {
  text: '.txt',
  json: '.json',
  verbose_json: '.verbose.json',
  srt: '.srt',
  vtt: '.vtt',
  tsv: '.tsv',
};

/** The whole file as text; it ends with a line feed unless it is empty. */
export function writeTranscript(transcript: Transcript, format: OutputFormat): string {
  switch (format) {
    case 'text':
      return transcript.text === '' ? '' : `${transcript.text}\n`;
    case 'json':
      return `${JSON.stringify(jsonValue(transcript), null, 2)}\n`;
    case 'verbose_json':
      return `${JSON.stringify(verboseJsonValue(transcript), null, 2)}\n`;
    case 'srt':
      return writeSrt(transcript);
    case 'vtt':
      return writeVtt(transcript);
    case 'tsv':
      return writeTsv(transcript);
  }
}
