import { commitPolicies } from '../../fusion/beam/agreed-prefix.ts';
import type { ListenOptions, LiveEvent, LiveInput } from '../../models/core/live.ts';
import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import type { UnitSearch } from '../../models/core/stepwise.ts';
import { type SpeechEvent, type SpeechOptions, SpeechSegmenter } from '../../models/vad/speech-segments.ts';
import type { VoiceFinder } from '../../models/vad/turns.ts';
import { defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import { plainBeam } from '../../models/whisper/plain-beam.ts';
import { WhisperTranscriber } from '../../models/whisper/transcriber.ts';
import { type ToyAnswer, ToyWhisper } from './toy-whisper.ts';

export const TOY_RATE_HZ = 16_000;
const WINDOW = 512;

/** Hears speech in windows whose first sample is above 0.5. The segments are the real segmenter's. */
export class ToyVoice implements VoiceFinder {
  readonly #segmenter: SpeechSegmenter;
  #total = 0;
  #first = 0;

  constructor(options: Partial<SpeechOptions> = {}) {
    this.#segmenter = new SpeechSegmenter(options);
  }

  get ending() {
    return this.#segmenter.ending;
  }

  get from(): number {
    return this.#segmenter.from;
  }

  async push(samples: Float32Array): Promise<SpeechEvent[]> {
    const events: SpeechEvent[] = [];
    for (const sample of samples) {
      if (this.#total % WINDOW === 0) this.#first = sample;
      this.#total++;
      if (this.#total % WINDOW === 0) events.push(...this.#segmenter.push(this.#first > 0.5 ? 0.9 : 0.1));
    }
    return events;
  }

  async end(): Promise<SpeechEvent[]> {
    return this.#segmenter.end(this.#total);
  }

  cut(): SpeechEvent[] {
    return this.#segmenter.cut();
  }
}

/** Seconds of silence and speech by turns, silence first: whole windows of each. */
export function toySpeech(...seconds: readonly number[]): Float32Array {
  const windows = seconds.map((length) => Math.round((length * TOY_RATE_HZ) / WINDOW));
  const out = new Float32Array(windows.reduce((sum, count) => sum + count, 0) * WINDOW);
  let at = 0;
  windows.forEach((count, i) => {
    out.fill(i % 2 === 1 ? 0.9 : 0, at, at + count * WINDOW);
    at += count * WINDOW;
  });
  return out;
}

/** The same samples in chunks of the given lengths, over and over. */
export async function* inChunks(samples: Float32Array, lengths: readonly number[] = [1600]): AsyncGenerator<LiveInput> {
  for (let at = 0, i = 0; at < samples.length; i++) {
    const length = lengths[i % lengths.length]!;
    yield samples.subarray(at, at + length);
    at += length;
  }
}

export interface ToyListening {
  readonly events: LiveEvent[];
  readonly summary: RecognizerSummary;
  readonly whisper: ToyWhisper;
}

export interface ToyLiveOptions {
  readonly options?: Partial<ListenOptions>;
  readonly search?: UnitSearch;
  readonly signal?: AbortSignal;
}

/** A transcriber over a toy Whisper and a toy voice, on the audio's clock unless one is given. */
export function toyListener(
  answer: (whisper: () => ToyWhisper) => ToyAnswer,
  live: { readonly nowMs?: (() => number) | null; readonly streamsMax?: number } = {},
) {
  const whisper: ToyWhisper = new ToyWhisper(answer(() => whisper));
  const transcriber = new WhisperTranscriber('toy', whisper.parts, undefined, {
    policies: commitPolicies,
    voices: (options) => new ToyVoice(options),
    nowMs: null,
    ...live,
  });
  const listen = (input: AsyncIterable<LiveInput>, { options, search, signal }: ToyLiveOptions = {}) =>
    transcriber.listen(
      input,
      { ...defaultListenOptions, language: 'en', beams: 2, ...options },
      search ?? plainBeam({ beams: 2, nBest: 1 }),
      signal ?? new AbortController().signal,
    );
  return { whisper, transcriber, listen };
}

/** All events of a stream, and its summary. */
export async function collect(
  stream: AsyncGenerator<LiveEvent, RecognizerSummary>,
): Promise<{ readonly events: LiveEvent[]; readonly summary: RecognizerSummary }> {
  const events: LiveEvent[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return { events, summary: next.value };
    events.push(next.value);
  }
}

const A = 4;
const C = 3;
/** What a toy speaker says next best: without it the end is, and a beam may end before its time. */
export const TOY_COMMA = 6;
/** Words of the toy vocabulary, each with the space before it: " a", " ac", " aa", " acc". */
export const TOY_WORDS: readonly (readonly number[])[] = [[A], [A, C], [A, 0], [A, C, C]];
export const TOY_WORD_TEXTS = ['a', 'ac', 'aa', 'acc'] as const;
/** How long the toy speaker takes for a word. */
export const TOY_WORD_S = 0.4;

/**
 * Says `words` (numbers of TOY_WORDS), one every 0.4 s of an utterance's audio; `misheard` may name another one for the last
 * word that was heard so far. The same for every utterance.
 */
export function spokenInTime(
  words: readonly number[],
  misheard: (heard: number, frames: number) => number | undefined = () => undefined,
) {
  return (whisper: () => ToyWhisper): ToyAnswer =>
    ({ window, path }) => {
      const frames = whisper().realFrames[window]!;
      const heard = Math.min(words.length, Math.floor((frames * 0.02) / TOY_WORD_S));
      const last = heard > 0 ? misheard(heard, frames) : undefined;
      const spoken = words.slice(0, heard);
      if (last !== undefined) spoken[heard - 1] = last;
      const tokens = spoken.flatMap((word) => TOY_WORDS[word]!);
      return new Map([
        [TOY_COMMA, 4],
        [tokens[path.length] ?? whisper().parts.tokens.endOfText, 12],
      ]);
    };
}

export const toyText = (words: readonly number[]) => words.map((word) => TOY_WORD_TEXTS[word]).join(' ');
