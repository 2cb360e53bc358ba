/** Transcripts as the answers of `/v1/audio/*`. Without speech each format keeps its form. */
import type { Transcript, UnitResult } from '../../models/core/transcript.ts';
import { writeTranscript } from '../output/format.ts';
import { jsonValue, unitValue, verboseJsonValue, wordsValue } from '../output/json.ts';
import type { TokenPieces } from '../server/engine-door.ts';
import type { Granularity, TranscriptFormat } from './transcription-fields.ts';

export const TRANSCRIPT_TYPES: Readonly<Record<TranscriptFormat, string>> = {
  json: 'application/json; charset=utf-8',
  verbose_json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  srt: 'application/x-subrip; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  tsv: 'text/tab-separated-values; charset=utf-8',
};

/** One token of the answer: its text (� where it ends within a character), its bytes, its natural log-probability. */
export interface TokenLogprob {
  readonly token: string;
  readonly bytes: readonly number[];
  readonly logprob: number;
}

export interface ReplyOptions {
  readonly format: TranscriptFormat;
  readonly granularities: readonly Granularity[];
  /** Present where logprobs are wanted. */
  readonly pieces: TokenPieces | null;
}

export function transcriptBody(transcript: Transcript, { format, granularities, pieces }: ReplyOptions): string {
  if (format === 'json') return JSON.stringify({ ...jsonValue(transcript), ...logprobsOf(transcript.units, pieces) });
  if (format !== 'verbose_json') return writeTranscript(transcript, format);
  const { segments, ...value } = verboseJsonValue(transcript);
  return JSON.stringify({
    ...value,
    ...(granularities.includes('segment') ? { segments } : {}),
    // Asked for and none spoken: an empty list, so that the form stays.
    ...(granularities.includes('word') ? { words: value.words ?? [] } : {}),
  });
}

/** What one window adds to its event: its part of `verbose_json`. */
export function verboseUnit(unit: UnitResult, granularities: readonly Granularity[]): object {
  const { segments, fusion } = unitValue(unit);
  return {
    ...(granularities.includes('segment') ? { segments } : {}),
    ...(granularities.includes('word') ? { words: wordsValue(unit.segments) } : {}),
    fusion,
  };
}

/** The last event of a stream. */
export function doneEvent(transcript: Transcript, pieces: TokenPieces | null): object {
  const { text, languages, ...rest } = jsonValue(transcript);
  return { type: 'transcript.text.done', text, languages, ...logprobsOf(transcript.units, pieces), ...rest };
}

export function unitText({ segments }: UnitResult): string {
  return segments.map(({ text }) => text).join('');
}

export function logprobsOf(
  units: readonly UnitResult[],
  pieces: TokenPieces | null,
): { readonly logprobs?: TokenLogprob[] } {
  if (pieces === null) return {};
  return { logprobs: units.flatMap((unit) => unitLogprobs(unit, pieces)) };
}

/**
 * Tokens that stand in segments, with what the recognizer gave each. A hypothesis may go on beyond its last segment (that
 * part is recognized again with the next window), so tokens are matched in order.
 */
function unitLogprobs({ segments, hypotheses }: UnitResult, pieces: TokenPieces): TokenLogprob[] {
  const best = hypotheses[0];
  if (best === undefined) return [];
  const kept = segments.flatMap(({ tokens }) => tokens);
  const out: TokenLogprob[] = [];
  let at = 0;
  for (const [i, token] of best.tokens.entries()) {
    if (token !== kept[at]) continue;
    at++;
    const bytes = token < pieces.size ? pieces.bytesOf(token) : new Uint8Array(0);
    // Timestamps and other special tokens have no bytes.
    if (bytes.length === 0) continue;
    out.push({ token: new TextDecoder().decode(bytes), bytes: [...bytes], logprob: best.tokenLogProbs[i]! });
  }
  return out;
}
