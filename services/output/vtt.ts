import type { Transcript } from '../../models/core/transcript.ts';
import { clockTime } from './clock-time.ts';
import { cuesOf } from './subtitle-cues.ts';

/** WebVTT (W3C). The header alone where nothing was said. */
export function writeVtt(transcript: Transcript): string {
  const cues = cuesOf(transcript.segments).map(({ startMs, endMs, lines }) => {
    const times = `${clockTime(startMs, '.')} --> ${clockTime(endMs, '.')}`;
    return `\n${times}\n${lines.map(escapeVtt).join('\n')}\n`;
  });
  return `WEBVTT\n${cues.join('')}`;
}

/** `&` and `<` begin entities and tags; escaping `>` keeps an arrow out of the text. */
function escapeVtt(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
