import type { Transcript } from '../../models/core/transcript.ts';

/** One segment a line: start and end in whole milliseconds, text. The header line stays where nothing was said. */
export function writeTsv(transcript: Transcript): string {
  const rows = transcript.segments
    .map(({ start, end, text }) => ({ start, end, text: text.replace(/\s+/gu, ' ').trim() }))
    .filter(({ text }) => text !== '')
    .map(({ start, end, text }) => `${Math.round(start * 1000)}\t${Math.round(end * 1000)}\t${text}\n`);
  return `start\tend\ttext\n${rows.join('')}`;
}
