/** Downloads of what was said, made from the utterances. */
import { writeSrt } from '../../../output/srt.ts';
import type { Utterance } from './utterance-list.ts';

export const TRANSCRIPT_ENDINGS = ['txt', 'srt', 'json'] as const;
export type TranscriptEnding = (typeof TRANSCRIPT_ENDINGS)[number];

export const TRANSCRIPT_TYPES: Readonly<Record<TranscriptEnding, string>> = {
  txt: 'text/plain;charset=utf-8',
  srt: 'application/x-subrip;charset=utf-8',
  json: 'application/json;charset=utf-8',
};

export function transcriptFile(utterances: readonly Utterance[], ending: TranscriptEnding): string {
  const said = utterances.filter(({ text }) => text.trim() !== '');
  switch (ending) {
    case 'txt':
      return said.map(({ text }) => `${text.trim()}\n`).join('');
    case 'srt':
      return writeSrt({
        segments: said.map(({ text, startS, endS, words }) => ({ text, start: startS, end: endS, words })),
      });
    case 'json':
      return `${JSON.stringify({ text: plainText(said), utterances: said.map(utteranceValue) }, null, 2)}\n`;
  }
}

/** A line per utterance. */
export function plainText(utterances: readonly Utterance[]): string {
  return utterances
    .map(({ text }) => text.trim())
    .filter((text) => text !== '')
    .join('\n');
}

function utteranceValue({ startS, endS, stage, isDegraded, language, text, ...rest }: Utterance) {
  const { recognizedText, words, alternatives, changes } = rest;
  return {
    start: startS,
    end: endS,
    stage,
    ...(isDegraded ? { degraded: true } : {}),
    language,
    text,
    recognizedText,
    words,
    alternatives,
    changes,
  };
}
