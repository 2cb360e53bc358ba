/** `--explain`: both readings and both scores of each place where the language model changed the outcome. */

import type { FusionChange } from '../../models/core/stepwise.ts';
import type { Transcript, UnitResult } from '../../models/core/transcript.ts';
import { shortTime } from '../output/clock-time.ts';
import { padToWidth, textWidth } from '../output/text-width.ts';

/** Readings longer than this are cut in the middle: the difference stands in the text anyway. */
const READING_WIDTH_MAX = 60;

export function explainText(name: string, transcript: Transcript): string {
  const places = transcript.units.flatMap((unit) => unit.changes.map((change) => ({ change, unit })));
  if (places.length === 0) return `${name}: the language model changed nothing.\n`;
  const count = places.length === 1 ? 'one place' : `${places.length} places`;
  const header =
    `${name}: the language model changed the outcome in ${count}.\n` +
    'Scores are natural log-probabilities of the whole hypothesis that holds the reading.\n';
  return header + places.map(({ change, unit }, i) => `\n${placeText(i + 1, change, unit)}`).join('');
}

function placeText(number: number, change: FusionChange, unit: UnitResult): string {
  const { recognizedLogProb: before, chosenLogProb: after } = change;
  const rows = [
    ['recognized', quoted(change.recognized), logProb(before.recognizer), logProb(before.llm)],
    ['chosen', quoted(change.chosen), logProb(after.recognizer), logProb(after.llm)],
    ['difference', '', signed(after.recognizer - before.recognizer), signed(after.llm - before.llm)],
  ] as const;
  const readingWidth = Math.max(...rows.map(([, reading]) => textWidth(reading)));
  const lines = rows.map(
    ([label, reading, recognizer, llm]) =>
      `    ${label.padEnd(10)}  ${padToWidth(reading, readingWidth)}  ` +
      `recognizer ${recognizer.padStart(8)}  language model ${llm.padStart(8)}\n`,
  );
  return `${String(number).padStart(3)}  at ${shortTime(startOf(change, unit))}\n${lines.join('')}`;
}

/** The segment that holds the change: offsets count in the text of the whole unit. */
function startOf({ offset }: FusionChange, { segments }: UnitResult): number {
  let end = 0;
  for (const segment of segments) {
    end += segment.text.length;
    if (offset < end) return segment.start;
  }
  return segments.at(-1)?.start ?? 0;
}

function quoted(reading: string): string {
  const flat = reading.replace(/\s+/gu, ' ').trim();
  const characters = [...flat];
  if (textWidth(flat) <= READING_WIDTH_MAX) return `"${flat}"`;
  let kept = Math.floor(READING_WIDTH_MAX / 2);
  const cut = () => `${characters.slice(0, kept).join('')} … ${characters.slice(-kept).join('')}`;
  while (kept > 1 && textWidth(cut()) > READING_WIDTH_MAX) kept--;
  return `"${cut()}"`;
}

const logProb = (value: number) => value.toFixed(2);
const signed = (value: number) => (value > 0 ? `+${value.toFixed(2)}` : value.toFixed(2));
