import type { AppError } from '../../models/core/app-error.ts';
import type { LiveEvent, LiveFinal, LiveInput, TurnDetection } from '../../models/core/live.ts';
import { joinedSamples } from '../../models/core/samples.ts';
import type { ListenRequest, LiveSource } from '../../services/ws/live-source.ts';
import { pcm16Bytes } from './samples.ts';
import { segment, spreadWords, unit } from './toy-transcript.ts';

const RATE = 16_000;
/** A word is so much sound. */
export const WORD_SAMPLES = 4000;
/** What is louder is speech. */
const LOUD = 0.1;

/**
 * Hears sound as words, one every quarter of a second, whatever it is: `w0 w1 w2`. The last word is pending until the next
 * begins; the fused text writes it in capitals. Looks at single samples, so nothing depends on how audio is cut.
 */
export class ToyListener implements LiveSource {
  readonly requests: ListenRequest[] = [];
  /** Streams under way: 0 once all are freed. */
  open = 0;
  /** What newcomers are told before they begin. */
  full: AppError | null = null;
  /** Awaited before each input is taken. */
  gate: Promise<void> = Promise.resolve();
  /** Thrown instead of hearing, once this much was heard. */
  failure: { readonly afterS: number; readonly error: unknown } | undefined;

  async refusal(): Promise<AppError | null> {
    return this.full;
  }

  async *listen(
    audio: AsyncIterable<LiveInput>,
    request: ListenRequest,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<LiveEvent, void> {
    this.requests.push(request);
    this.open++;
    try {
      const ear = new ToyEar(request);
      for await (const item of audio) {
        signal.throwIfAborted();
        await this.gate;
        if (this.failure !== undefined && ear.heardS >= this.failure.afterS) throw this.failure.error;
        if (item === 'commit') yield* ear.commit();
        else if (item === 'clear') yield* ear.clear();
        else yield* ear.hear(item);
      }
      signal.throwIfAborted();
      yield* ear.end();
    } finally {
      this.open--;
    }
  }
}

class ToyEar {
  readonly #turns: TurnDetection | null;
  readonly #request: ListenRequest;
  #at = 0;
  #utterance = -1;
  #start: number | null = null;
  #sound = 0;
  #silence = 0;
  #revision = 0;

  constructor(request: ListenRequest) {
    this.#request = request;
    const { turnDetection = { threshold: 0.5, prefixPaddingMs: 0, silenceMs: 500 } } = request;
    this.#turns = turnDetection;
  }

  get heardS(): number {
    return this.#at / RATE;
  }

  *hear(samples: Float32Array): Generator<LiveEvent> {
    for (const sample of samples) {
      const isLoud = Math.abs(sample) > LOUD;
      if (this.#start === null && (isLoud || this.#turns === null)) {
        this.#start = this.#at;
        this.#utterance++;
        this.#sound = 0;
        this.#revision = 0;
        yield { kind: 'speech-start', utterance: this.#utterance, startS: this.#at / RATE };
      }
      this.#at++;
      if (this.#start === null) continue;
      if (isLoud) {
        this.#sound++;
        this.#silence = 0;
        if (this.#sound % WORD_SAMPLES === 0 && this.#request.partialIntervalMs !== 0) yield this.#partial();
      } else if (this.#turns !== null && ++this.#silence >= (this.#turns.silenceMs / 1000) * RATE) yield* this.end();
    }
  }

  *commit(): Generator<LiveEvent> {
    if (this.#start === null) yield { kind: 'commit-empty', atS: this.heardS };
    else yield* this.end();
  }

  *clear(): Generator<LiveEvent> {
    const utterance = this.#start === null ? null : this.#utterance;
    this.#start = null;
    yield { kind: 'cleared', utterance, atS: this.heardS };
  }

  *end(): Generator<LiveEvent> {
    if (this.#start === null) return;
    const utterance = this.#utterance;
    const startS = this.#start / RATE;
    this.#start = null;
    this.#silence = 0;
    yield { kind: 'speech-end', utterance, endS: this.heardS };
    const words = this.#words();
    const committed = words.slice(0, -1).join(' ');
    const texts = {
      recognized: words.join(' '),
      fused: [committed, words.at(-1)?.toUpperCase()].filter(Boolean).join(' '),
    };
    for (const stage of ['recognized', 'fused'] as const) {
      const text = texts[stage];
      const said = segment(startS, this.heardS, text, { words: spoken(startS, this.heardS, text.split(' ')) });
      const final: LiveFinal = {
        kind: 'final',
        utterance,
        stage,
        text,
        committed,
        result: text === '' ? unit([]) : { ...unit([said]), hypotheses: [reading(text)] },
        language: this.#request.language ?? 'en',
      };
      yield final;
    }
  }

  #words(): string[] {
    return Array.from({ length: Math.ceil(this.#sound / WORD_SAMPLES) }, (_, i) => `w${i}`);
  }

  #partial(): LiveEvent {
    const words = this.#words();
    const committed = words.slice(0, -1).join(' ');
    return {
      kind: 'partial',
      utterance: this.#utterance,
      stage: 'recognized',
      revision: this.#revision++,
      committed,
      pending: `${committed === '' ? '' : ' '}${words.at(-1)}`,
      heardS: this.heardS,
      ...(this.#request.timestamps === 'word' && { words: spoken(this.#start! / RATE, this.heardS, words) }),
    };
  }
}

/** Words as recognizers tell them: with the space before them. */
const spoken = (startS: number, endS: number, words: readonly string[]) =>
  spreadWords(
    startS,
    endS,
    words.map((word) => ` ${word}`),
  );

const reading = (text: string) => ({
  text: ` ${text}`,
  tokens: [],
  tokenLogProbs: [],
  recognizerLogProb: -1,
  ended: true,
});

/** PCM16 of stretches: seconds of sound where positive, of silence where negative. */
export function pcm16(stretches: readonly number[], rateHz: number, channels = 1): Uint8Array {
  return pcm16Bytes(soundOf(stretches, rateHz), channels);
}

/** The same as samples: a tone of 300 Hz that is never quiet for long. */
export function soundOf(stretches: readonly number[], rateHz: number): Float32Array {
  const parts = stretches.map((seconds) => {
    const frames = Math.round(Math.abs(seconds) * rateHz);
    // A square wave: every sample is loud, at any rate.
    return Float32Array.from({ length: frames }, (_, i) =>
      seconds < 0 ? 0 : Math.sin((2 * Math.PI * 300 * i) / rateHz) >= 0 ? 0.5 : -0.5,
    );
  });
  return joinedSamples(parts);
}
