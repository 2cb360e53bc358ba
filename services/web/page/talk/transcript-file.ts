/** Downloads of what was said, made from the utterances as they stand: where a person corrected one, that is its text. */
import { writeSrt } from '../../../output/srt.ts';
import type { SpokenText } from '../../../output/subtitle-cues.ts';
import { correctedWords } from './corrected-words.ts';
import { currentText, type Utterance } from './utterance-list.ts';

export const TRANSCRIPT_ENDINGS = ['txt', 'srt', 'json'] as const;
export type TranscriptEnding = (typeof TRANSCRIPT_ENDINGS)[number];

export const TRANSCRIPT_TYPES: Readonly<Record<TranscriptEnding, string>> = {
  txt: 'text/plain;charset=utf-8',
  srt: 'application/x-subrip;charset=utf-8',
  json: 'application/json;charset=utf-8',
};

export function transcriptFile(utterances: readonly Utterance[], ending: TranscriptEnding): string {
  switch (ending) {
    case 'txt':
      return linesOf(utterances)
        .map((line) => `${line}\n`)
        .join('');
    case 'srt':
      return writeSrt({ segments: utterances.map(segmentValue) });
    case 'json': {
      // One that was corrected to nothing is still told: its own text is in it.
      const said = utterances.filter((one) => one.text.trim() !== '' || currentText(one) !== '');
      return `${JSON.stringify({ text: plainText(said), utterances: said.map(utteranceValue) }, null, 2)}\n`;
    }
  }
}

/** A line per utterance. */
export function plainText(utterances: readonly Utterance[]): string {
  return linesOf(utterances).join('\n');
}

function linesOf(utterances: readonly Utterance[]): string[] {
  return utterances.map((one) => currentText(one).trim()).filter((text) => text !== '');
}

function segmentValue({ text, correction, startS, endS, words }: Utterance): SpokenText {
  const times = { start: startS, end: endS };
  if (correction === null) return { text, ...times, words };
  return { text: correction, ...times, words: correctedWords(text, words, correction) };
}

/** Of a corrected one, words, alternatives and changes belong to the text that was corrected. */
function utteranceValue({ startS, endS, stage, isDegraded, language, text, correction, ...rest }: Utterance) {
  const { recognizedText, words, alternatives, changes } = rest;
  return {
    start: startS,
    end: endS,
    stage: correction === null ? stage : 'corrected',
    ...(isDegraded ? { degraded: true } : {}),
    language,
    text: correction ?? text,
    ...(correction === null ? {} : { uncorrected: { stage, text } }),
    recognizedText,
    words,
    alternatives,
    changes,
  };
}
