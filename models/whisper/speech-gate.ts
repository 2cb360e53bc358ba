import { SAMPLE_RATE_HZ, WINDOW_SECONDS } from '../core/limits.ts';

/** A stretch of speech, in samples from the start of the recording. */
export interface SpeechSpan {
  readonly start: number;
  readonly end: number;
}

/** What to decode next, samples start..end; or silence up to `skippedTo`. */
export type NextWindow =
  | { readonly kind: 'window'; readonly start: number; readonly end: number }
  | { readonly kind: 'silence'; readonly skippedTo: number };

/** Silence that is left around speech, beside what the spans have already. */
const PAD = 0.25 * SAMPLE_RATE_HZ;
/** Silence at the start of a window that is worth skipping. */
const LEAD_MAX = 1.5 * SAMPLE_RATE_HZ;
/** The end of what was judged may hold speech that is not certain yet: it is not skipped. */
const UNCERTAIN = SAMPLE_RATE_HZ;
/** A pause this long ends a window: Whisper invents text in long silence. */
const PAUSE_MAX = 4 * SAMPLE_RATE_HZ;
export const WINDOW_SAMPLES = WINDOW_SECONDS * SAMPLE_RATE_HZ;

/**
 * Chooses the next window among the speech found so far: silence is skipped, and a window ends at a long pause.
 *
 * @param seek where the last window ended
 * @param known samples that were judged: all of the recording where it `ended`, else a window more than `seek` at least
 */
export function nextWindow(spans: readonly SpeechSpan[], seek: number, known: number, ended: boolean): NextWindow {
  const first = spans.findIndex((span) => span.end > seek);
  if (first < 0) return { kind: 'silence', skippedTo: ended ? known : Math.max(seek, known - UNCERTAIN) };
  const speech = spans[first]!;
  if (speech.start - seek > LEAD_MAX) return { kind: 'silence', skippedTo: speech.start - PAD };
  const limit = Math.min(known, seek + WINDOW_SAMPLES);
  let end = speech.end;
  for (let i = first + 1; i < spans.length && spans[i]!.start < limit; i++) {
    if (spans[i]!.start - end > PAUSE_MAX) return { kind: 'window', start: seek, end: Math.min(limit, end + PAD) };
    end = spans[i]!.end;
  }
  const quietEnd = limit - end > PAUSE_MAX || (ended && limit === known);
  return { kind: 'window', start: seek, end: quietEnd ? Math.min(limit, end + PAD) : limit };
}
