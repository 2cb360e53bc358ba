/** A text cut into what one can point at: its words, with the recognizer's certainty where that is known. */
import type { Word } from '../../../../models/core/transcript.ts';

export interface TextSpan {
  readonly text: string;
  /** UTF-16 units from the start of the whole text. */
  readonly offset: number;
  /** False for spaces and marks between words. */
  readonly isWord: boolean;
  /** 0..1; absent where no word of the recognizer stands here. */
  readonly probability?: number;
}

/** Words of the recognizer stand in the text in order; beyond this many units lies some other occurrence. */
const GAP_MAX = 6;

/** The spans of a text, in order and without gaps. `words` may lack some, or be those of another reading. */
export function wordSpans(text: string, words: readonly Word[], language: string): TextSpan[] {
  const spans: TextSpan[] = [];
  let at = 0;
  for (const { word, probability } of words) {
    const bare = word.trim();
    const found = bare === '' ? -1 : text.indexOf(bare, at);
    if (found < 0 || found - at > GAP_MAX) continue;
    spans.push(...segmented(text.slice(at, found), at, language));
    spans.push({ text: bare, offset: found, isWord: true, probability });
    at = found + bare.length;
  }
  spans.push(...segmented(text.slice(at), at, language));
  return spans;
}

function segmented(text: string, offset: number, language: string): TextSpan[] {
  return Array.from(segmenter(language).segment(text), ({ segment, index, isWordLike }) => ({
    text: segment,
    offset: offset + index,
    isWord: isWordLike === true,
  }));
}

const segmenters = new Map<string, Intl.Segmenter>();

/** A language code comes from the service; one that means nothing here takes the rules of the root locale. */
function segmenter(language: string): Intl.Segmenter {
  const known = segmenters.get(language);
  if (known !== undefined) return known;
  let made: Intl.Segmenter;
  try {
    made = new Intl.Segmenter(language || 'und', { granularity: 'word' });
  } catch {
    made = new Intl.Segmenter('und', { granularity: 'word' });
  }
  segmenters.set(language, made);
  return made;
}
