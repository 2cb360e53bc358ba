import { SAMPLE_RATE_HZ } from '../core/limits.ts';
import type { TurnDetection } from '../core/live.ts';
import type { SpeechEvent, SpeechOptions, SpeechSpan } from './speech-segments.ts';

export type TurnEvent = Extract<SpeechEvent, { readonly kind: 'start' }> | TurnEnd;

export interface TurnEnd extends SpeechSpan {
  readonly kind: 'end';
  /** False where nobody was heard in it. */
  readonly heard: boolean;
}

/** Where utterances of a stream begin and end. Positions are samples from the start of the stream. */
export interface Turns {
  /** More samples; what begins and ends by them. */
  push(samples: Float32Array): Promise<readonly TurnEvent[]>;
  /** Ends the utterance that runs, here. */
  commit(): Promise<readonly TurnEvent[]>;
  /** Drops the utterance that runs; no event tells of its end. */
  clear(): Promise<void>;
  /** The stream has ended. */
  end(): Promise<readonly TurnEvent[]>;
  /** The span of the utterance that runs if its pause goes on, once that is certain; null while somebody speaks. */
  readonly ending: SpeechSpan | null;
  /** False where nobody has been heard in the utterance that runs. */
  readonly heard: boolean;
  /** The first sample that the utterance that runs, or the next one, may begin with. */
  readonly from: number;
}

/** What is needed of a voice detector (VoiceDetector); a toy stands in for it in tests. */
export interface VoiceFinder {
  push(samples: Float32Array): Promise<readonly SpeechEvent[]>;
  end(): Promise<readonly SpeechEvent[]>;
  cut(): readonly SpeechEvent[];
  readonly ending: SpeechSpan | null;
  readonly from: number;
}

export type VoiceFinders = (options: Partial<SpeechOptions>) => VoiceFinder;

/** Of an utterance's longest duration, the part after which any pause will do to end it. */
const ANY_PAUSE_SHARE = 0.7;

/** By the voice detector where `detection` is given, else by the caller alone. */
export function turnsOf(
  detection: TurnDetection | null,
  utteranceSecondsMax: number,
  finders: VoiceFinders | undefined,
): Turns {
  if (detection === null) return new CallerTurns(utteranceSecondsMax, finders?.({}));
  if (finders === undefined) throw new Error('turn detection needs a voice detector');
  const { threshold, prefixPaddingMs, silenceMs } = detection;
  return new DetectedTurns(
    finders({
      entryThreshold: threshold,
      // As far below the entry as the model's makers have it.
      exitThreshold: Math.max(0.01, threshold - 0.15),
      prefixPadMs: prefixPaddingMs,
      minSilenceMs: silenceMs,
      maxSpeechSeconds: utteranceSecondsMax,
      anyPauseAfterSeconds: ANY_PAUSE_SHARE * utteranceSecondsMax,
    }),
  );
}

class DetectedTurns implements Turns {
  readonly heard = true;
  readonly #finder: VoiceFinder;

  constructor(finder: VoiceFinder) {
    this.#finder = finder;
  }

  get ending(): SpeechSpan | null {
    return this.#finder.ending;
  }

  get from(): number {
    return this.#finder.from;
  }

  async push(samples: Float32Array): Promise<readonly TurnEvent[]> {
    return heardIn(await this.#finder.push(samples));
  }

  async commit(): Promise<readonly TurnEvent[]> {
    return heardIn(this.#finder.cut());
  }

  async clear(): Promise<void> {
    this.#finder.cut();
  }

  async end(): Promise<readonly TurnEvent[]> {
    return heardIn(await this.#finder.end());
  }
}

/** What a voice detector finds is heard. */
function heardIn(events: readonly SpeechEvent[]): TurnEvent[] {
  return events.map((event) => (event.kind === 'end' ? { ...event, heard: true } : event));
}

/** An utterance begins with the first sample after the last one's end. A voice detector, if any, only tells silence. */
class CallerTurns implements Turns {
  readonly ending = null;
  readonly #samplesMax: number;
  readonly #finder: VoiceFinder | undefined;
  #start = 0;
  #at = 0;
  #open = false;
  #heard = false;

  constructor(secondsMax: number, finder: VoiceFinder | undefined) {
    this.#samplesMax = Math.round(secondsMax * SAMPLE_RATE_HZ);
    this.#finder = finder;
  }

  get heard(): boolean {
    return this.#finder === undefined || this.#heard;
  }

  get from(): number {
    return this.#open ? this.#start : this.#at;
  }

  async push(samples: Float32Array): Promise<readonly TurnEvent[]> {
    const events: TurnEvent[] = [];
    for (let from = 0; from < samples.length; ) {
      if (!this.#open) {
        this.#open = true;
        this.#heard = false;
        this.#start = this.#at;
        events.push({ kind: 'start', start: this.#at });
      }
      const piece = samples.subarray(from, from + this.#start + this.#samplesMax - this.#at);
      from += piece.length;
      this.#at += piece.length;
      if (((await this.#finder?.push(piece)) ?? []).length > 0) this.#heard = true;
      if (this.#at - this.#start >= this.#samplesMax) events.push(...(await this.commit()));
    }
    return events;
  }

  async commit(): Promise<readonly TurnEvent[]> {
    if (!this.#open) return [];
    this.#close();
    return [{ kind: 'end', start: this.#start, end: this.#at, heard: this.heard }];
  }

  async clear(): Promise<void> {
    this.#close();
  }

  end(): Promise<readonly TurnEvent[]> {
    return this.commit();
  }

  #close(): void {
    this.#open = false;
    // Whoever speaks across the border is heard anew after it.
    this.#finder?.cut();
  }
}
