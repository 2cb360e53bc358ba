import { clockTime } from './clock-time.ts';
import { cuesOf, type SpokenText } from './subtitle-cues.ts';

/** SubRip: numbered cues. Empty where nothing was said. */
export function writeSrt(transcript: { readonly segments: readonly SpokenText[] }): string {
  return cuesOf(transcript.segments)
    .map(({ startMs, endMs, lines }, i) => {
      const times = `${clockTime(startMs, ',')} --> ${clockTime(endMs, ',')}`;
      return `${i + 1}\n${times}\n${lines.map(escapeSrt).join('\n')}\n`;
    })
    .join('\n');
}

/** SubRip has no escapes; an arrow in the text would be taken for a time line. Angle brackets stay as they were said. */
function escapeSrt(line: string): string {
  return line.replaceAll('-->', '->');
}
