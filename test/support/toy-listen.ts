import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import type { Listen, LiveEvent, LiveFinal, LiveInput } from '../../services/supervisor/live-contract.ts';

/** Zeros in a row that end an utterance. */
const SILENCE_SAMPLES = 3;
/** New samples between two partials. */
const PARTIAL_SAMPLES = 4;
/** Characters that a partial does not commit yet. */
const HELD_CHARS = 3;

/** Audio of utterances: one sample per character, silence between them, cut into chunks. */
export async function* toySpeech(utterances: readonly string[], chunkSamples: number): AsyncGenerator<Float32Array> {
  const text = utterances.map((utterance) => `${utterance}\0\0\0\0\0`).join('');
  const samples = Float32Array.from(text, (character) => character.charCodeAt(0) / 128);
  for (let at = 0; at < samples.length; at += chunkSamples) yield samples.slice(at, at + chunkSamples);
}

/**
 * Hears one character per sample, zero as silence. Commits all but the last characters of a partial, whose rest it takes for
 * capitals; the recognized final is the text, the fused one has a full stop and comes once the next utterance has begun.
 */
export const toyListen: Listen<undefined> = async function* (input) {
  const hears = new ToyEar();
  for await (const item of input) yield* hears.take(item);
  yield* hears.end();
  return hears.summary;
};

class ToyEar {
  #heard = 0;
  #utterances = 0;
  #text = '';
  #start = -1;
  #silence = 0;
  #sincePartial = 0;
  #revision = 0;
  #committed = '';
  #fused: LiveFinal[] = [];

  get summary(): RecognizerSummary {
    const timings = { encodeMs: 0, recognizeMs: 0 };
    const duration = this.#heard / SAMPLE_RATE_HZ;
    return { task: 'transcribe', language: 'en', languageProbability: 1, duration, warnings: [], timings };
  }

  *take(item: LiveInput): Generator<LiveEvent> {
    if (item === 'commit') {
      if (this.#start < 0) yield { kind: 'commit-empty', atS: this.#heard / SAMPLE_RATE_HZ };
      else yield* this.#finish(this.#heard);
    } else if (item === 'clear') {
      const utterance = this.#start < 0 ? null : this.#utterances++;
      this.#start = -1;
      yield { kind: 'cleared', utterance, atS: this.#heard / SAMPLE_RATE_HZ };
    } else {
      for (const sample of item) yield* this.#hear(sample);
    }
  }

  *end(): Generator<LiveEvent> {
    if (this.#start >= 0) yield* this.#finish(this.#heard);
    yield* this.#fused.splice(0);
  }

  *#hear(sample: number): Generator<LiveEvent> {
    this.#heard++;
    if (sample === 0) {
      if (this.#start < 0) return;
      this.#silence++;
      if (this.#silence === SILENCE_SAMPLES) yield* this.#finish(this.#heard - SILENCE_SAMPLES);
      return;
    }
    if (this.#start < 0) {
      this.#start = this.#heard - 1;
      this.#text = '';
      this.#committed = '';
      this.#revision = 0;
      this.#sincePartial = 0;
      yield { kind: 'speech-start', utterance: this.#utterances, startS: this.#start / SAMPLE_RATE_HZ };
      yield* this.#fused.splice(0);
    }
    this.#silence = 0;
    this.#text += String.fromCharCode(Math.round(sample * 128));
    this.#sincePartial++;
    if (this.#sincePartial < PARTIAL_SAMPLES) return;
    this.#sincePartial = 0;
    this.#committed = this.#text.slice(0, -HELD_CHARS);
    yield {
      kind: 'partial',
      utterance: this.#utterances,
      stage: 'recognized',
      revision: this.#revision++,
      committed: this.#committed,
      pending: this.#text.slice(-HELD_CHARS).toUpperCase(),
      heardS: this.#heard / SAMPLE_RATE_HZ,
    };
  }

  *#finish(end: number): Generator<LiveEvent> {
    const utterance = this.#utterances++;
    const endS = end / SAMPLE_RATE_HZ;
    yield { kind: 'speech-end', utterance, endS };
    const segment = {
      id: utterance,
      seek: 0,
      start: this.#start / SAMPLE_RATE_HZ,
      end: endS,
      text: this.#text,
      tokens: [],
      temperature: 0,
      avg_logprob: 0,
      compression_ratio: 1,
      no_speech_prob: 0,
    };
    const stats = { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };
    const final: LiveFinal = {
      kind: 'final',
      utterance,
      stage: 'recognized',
      text: this.#text,
      committed: this.#committed,
      result: { segments: [segment], hypotheses: [], changes: [], stats },
      language: 'en',
    };
    this.#start = -1;
    yield final;
    this.#fused.push({ ...final, stage: 'fused', text: `${this.#text}.` });
  }
}
