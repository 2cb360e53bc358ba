import { SAMPLE_RATE_HZ } from '../core/limits.ts';

/** Samples that one probability judges; the model accepts nothing else. */
export const VAD_WINDOW_SAMPLES = 512;

export interface SpeechOptions {
  /** Probability from which speech begins, 0..1. */
  readonly entryThreshold: number;
  /** Probability below which speech may end; lower than entry, so that a weak syllable does not end a word. */
  readonly exitThreshold: number;
  /** A pause shorter than this stays inside its segment. */
  readonly minSilenceMs: number;
  /** Speech shorter than this (a click, a breath) is no segment. */
  readonly minSpeechMs: number;
  /** Kept before and after speech; at most half a pause. */
  readonly speechPadMs: number;
  /** Kept before speech instead of `speechPadMs`, where it is given. */
  readonly prefixPadMs?: number;
  /** A longer segment is cut, at its latest pause where it has one. */
  readonly maxSpeechSeconds: number;
  /**
   * Speech longer than this ends at its next pause of any note (CUT_PAUSE_SAMPLES), so that a stream whose words are out
   * already need not be cut in its past: where this is given, an overlong segment is cut right where it is. Never, if absent.
   */
  readonly anyPauseAfterSeconds?: number;
}

/**
 * Thresholds are those the model's makers give; pauses and padding are chosen for a recognizer that reads whole phrases
 * (half a second parts phrases, a quarter second of padding keeps soft first and last consonants).
 */
export const DEFAULT_SPEECH_OPTIONS: SpeechOptions = {
  entryThreshold: 0.5,
  exitThreshold: 0.35,
  minSilenceMs: 500,
  minSpeechMs: 96,
  speechPadMs: 250,
  maxSpeechSeconds: Number.POSITIVE_INFINITY,
};

/** A stretch of speech with its padding, in samples from the start; `end` is one past the last. */
export interface SpeechSpan {
  readonly start: number;
  readonly end: number;
}

/** `start` comes once speech is certain (minSpeechMs of it), `end` once the pause is (minSilenceMs). */
export type SpeechEvent = { readonly kind: 'start'; readonly start: number } | ({ readonly kind: 'end' } & SpeechSpan);

/** A pause this long (three windows) is good enough to cut an overlong segment at. */
const CUT_PAUSE_SAMPLES = 3 * VAD_WINDOW_SAMPLES;

/**
 * Turns one probability per window into segments. The only form: a stream pushes as audio comes, a file pushes all of
 * it, and both get the same segments. Segments do not overlap, and their order is that of time.
 */
export class SpeechSegmenter {
  readonly #entry: number;
  readonly #exit: number;
  readonly #minSilence: number;
  readonly #minSpeech: number;
  readonly #pad: number;
  readonly #prefixPad: number;
  readonly #maxSpeech: number;
  readonly #anyPauseAfter: number;
  /** Samples judged so far. */
  #judged = 0;
  /** First sample of the open speech without padding; -1 outside speech. */
  #speechStart = -1;
  #announced = false;
  /** First sample of the pause that the open speech may end with; -1 while it sounds. */
  #silenceStart = -1;
  /** Latest pause inside the open speech that an overlong segment can be cut at. */
  #pause: SpeechSpan | null = null;
  /** End of the last segment with its padding: the next one may not begin before. */
  #lastEnd = 0;

  constructor(options: Partial<SpeechOptions> = {}) {
    const all = { ...DEFAULT_SPEECH_OPTIONS, ...options };
    if (!(all.exitThreshold <= all.entryThreshold)) {
      throw new RangeError(`exitThreshold ${all.exitThreshold} is above entryThreshold ${all.entryThreshold}`);
    }
    const samples = (ms: number): number => Math.round((ms * SAMPLE_RATE_HZ) / 1000);
    this.#entry = all.entryThreshold;
    this.#exit = all.exitThreshold;
    this.#minSilence = Math.max(1, samples(all.minSilenceMs));
    this.#minSpeech = Math.max(1, samples(all.minSpeechMs));
    this.#pad = samples(all.speechPadMs);
    this.#prefixPad = samples(all.prefixPadMs ?? all.speechPadMs);
    this.#anyPauseAfter = (all.anyPauseAfterSeconds ?? Number.POSITIVE_INFINITY) * SAMPLE_RATE_HZ;
    this.#maxSpeech = Math.max(VAD_WINDOW_SAMPLES, all.maxSpeechSeconds * SAMPLE_RATE_HZ);
  }

  /** Probability of speech in the next 512 samples, 0..1. */
  push(probability: number): SpeechEvent[] {
    const at = this.#judged;
    this.#judged += VAD_WINDOW_SAMPLES;
    if (probability >= this.#entry) this.#sound(at);
    else if (probability < this.#exit && this.#speechStart >= 0 && this.#silenceStart < 0) this.#silenceStart = at;
    if (this.#speechStart < 0) return [];
    const events: SpeechEvent[] = [];
    this.#announce(events);
    if (this.#silenceStart >= 0 && this.#judged - this.#silenceStart >= this.#minSilence) {
      this.#close(this.#silenceStart, this.#minSilence, events);
    } else if (
      this.#silenceStart - this.#speechStart >= this.#anyPauseAfter &&
      this.#pauseSamples >= CUT_PAUSE_SAMPLES
    ) {
      this.#close(this.#silenceStart, this.#pauseSamples, events);
    } else if (this.#judged - this.#speechStart >= this.#maxSpeech) {
      this.#cut(events);
    }
    return events;
  }

  /** Ends the recording, which has `totalSamples` (the last window may have been filled up with zeros). */
  end(totalSamples: number): SpeechEvent[] {
    const events: SpeechEvent[] = [];
    if (this.#speechStart >= 0) {
      const end = Math.min(totalSamples, this.#silenceStart >= 0 ? this.#silenceStart : totalSamples);
      this.#close(end, 2 * (totalSamples - end), events);
    }
    return events;
  }

  /** The segment that has begun and not ended, up to the last sample judged; null outside speech. */
  get open(): SpeechSpan | null {
    if (this.#speechStart < 0 || !this.#announced) return null;
    return { start: this.#paddedStart(), end: this.#judged };
  }

  /**
   * The segment that the open speech becomes if the pause that it is in goes on, as soon as that is certain; else null. A
   * caller that cannot wait may begin to work on it.
   */
  get ending(): SpeechSpan | null {
    if (this.open === null || this.#silenceStart < 0) return null;
    const pad = Math.min(this.#pad, Math.floor(this.#minSilence / 2));
    if (this.#pauseSamples < pad) return null;
    return { start: this.#paddedStart(), end: this.#silenceStart + pad };
  }

  /** The first sample that the segment which is open, or the next one, may begin with. */
  get from(): number {
    return this.#speechStart < 0 ? Math.max(this.#lastEnd, this.#judged - this.#prefixPad) : this.#paddedStart();
  }

  /** Ends the open speech with the last sample judged; what comes next begins anew. */
  cut(): SpeechEvent[] {
    const events: SpeechEvent[] = [];
    if (this.#speechStart >= 0) this.#close(this.#judged, 0, events);
    this.#lastEnd = this.#judged;
    return events;
  }

  /** Samples of the pause that the open speech is in; 0 while it sounds. */
  get #pauseSamples(): number {
    return this.#silenceStart < 0 ? 0 : this.#judged - this.#silenceStart;
  }

  #sound(at: number): void {
    if (this.#speechStart < 0) {
      this.#speechStart = at;
      this.#announced = false;
    } else if (this.#silenceStart >= 0 && at - this.#silenceStart >= CUT_PAUSE_SAMPLES) {
      this.#pause = { start: this.#silenceStart, end: at };
    }
    this.#silenceStart = -1;
  }

  #announce(events: SpeechEvent[]): void {
    const end = this.#silenceStart >= 0 ? this.#silenceStart : this.#judged;
    if (this.#announced || end - this.#speechStart < this.#minSpeech) return;
    this.#announced = true;
    events.push({ kind: 'start', start: this.#paddedStart() });
  }

  #paddedStart(): number {
    return Math.max(this.#lastEnd, this.#speechStart - this.#prefixPad);
  }

  /** Ends the open speech at `end`, which `pauseSamples` of silence follow. */
  #close(end: number, pauseSamples: number, events: SpeechEvent[]): void {
    const start = this.#paddedStart();
    if (this.#announced) {
      this.#lastEnd = end + Math.min(this.#pad, Math.floor(pauseSamples / 2));
      events.push({ kind: 'end', start, end: this.#lastEnd });
    }
    this.#speechStart = -1;
    this.#silenceStart = -1;
    this.#announced = false;
    this.#pause = null;
  }

  /** The open speech is too long: cut at the pause it is in, at its latest pause, or right here. */
  #cut(events: SpeechEvent[]): void {
    if (this.#silenceStart >= 0) {
      this.#close(this.#silenceStart, this.#judged - this.#silenceStart, events);
      return;
    }
    const pause = Number.isFinite(this.#anyPauseAfter) ? null : this.#pause;
    const next = pause ? pause.end : this.#judged;
    if (pause) this.#close(pause.start, pause.end - pause.start, events);
    else this.#close(this.#judged, 0, events);
    this.#speechStart = next;
    if (next < this.#judged) this.#announce(events);
  }
}
