import { alphabetHash } from '../../models/core/alphabet-hash.ts';
import type { ListenOptions } from '../../models/core/live.ts';
import { IMPOSSIBLE } from '../../models/core/logprob.ts';
import type { Recognizer, RecognizerInfo, RecognizerSummary } from '../../models/core/recognizer.ts';
import type {
  Alphabet,
  BeamCandidates,
  BeamPick,
  StepCandidates,
  StepwiseSource,
  StepwiseUnit,
  UnitHypothesis,
  UnitSearch,
} from '../../models/core/stepwise.ts';
import type { TranscribeOptions, UnitResult } from '../../models/core/transcript.ts';

/** Tokens 0..127 are the ASCII characters; 128 and 129 are special and have no bytes; 130 is a long one. */
export class ToyAlphabet implements Alphabet {
  readonly size = 131;
  readonly hash: string;
  constructor() {
    this.hash = alphabetHash(this);
  }
  bytesOf(id: number): Uint8Array {
    if (id < 128) return new Uint8Array([id]);
    return id === 130 ? new TextEncoder().encode('the ') : new Uint8Array(0);
  }
}

/** Samples of one unit. */
export const TOY_UNIT_SAMPLES = 8;

/** Audio that the toy recognizer hears as `text`: one sample per character. */
export async function* toyAudio(text: string, chunkSamples = 5): AsyncGenerator<Float32Array> {
  const samples = toySamples(text);
  for (let at = 0; at < samples.length; at += chunkSamples) yield samples.slice(at, at + chunkSamples);
}

export function toySamples(text: string): Float32Array {
  return Float32Array.from(text, (character) => character.charCodeAt(0) / 128);
}

/** What tests do to a toy recognizer. */
export interface ToyControl {
  /** Runs before each answer of a source; may wait or throw. */
  readonly beforeStep?: (unit: StepwiseUnit, step: number) => Promise<void> | void;
  /** All units of a stream are searched at the same time. */
  readonly concurrent?: boolean;
}

/**
 * Hears one character per sample: the right one leads with log 0.6, its successor follows with log 0.3, and end of text
 * is impossible before the last character and leads after it.
 */
export class ToyRecognizer implements Recognizer {
  readonly info: RecognizerInfo = { name: 'toy', modality: 'speech', kind: 'stepwise', sampleRateHz: 16_000 };
  readonly alphabet = new ToyAlphabet();
  /** Streams that hold work: 0 once all are freed. */
  liveStreams = 0;
  #control: ToyControl;

  constructor(control: ToyControl = {}) {
    this.#control = control;
  }

  async *transcribe(
    audio: AsyncIterable<Float32Array>,
    options: TranscribeOptions,
    search: UnitSearch,
    signal: AbortSignal,
  ): AsyncGenerator<UnitResult, RecognizerSummary> {
    this.liveStreams++;
    try {
      let samples = 0;
      let units = 0;
      const jobs: Promise<UnitResult>[] = [];
      for await (const text of unitTexts(audio)) {
        samples += text.length;
        const job = this.#recognize(text, units++, options, search, signal);
        // A job that fails is heard of when its turn comes, if it comes.
        job.catch(() => undefined);
        if (this.#control.concurrent) jobs.push(job);
        else yield await job;
      }
      for (const job of jobs) yield await job;
      return {
        task: options.task,
        language: options.language,
        languageProbability: 1,
        duration: samples / 16_000,
        warnings: [],
        timings: { encodeMs: 1, recognizeMs: 2 },
      };
    } finally {
      this.liveStreams--;
    }
  }

  async #recognize(
    text: string,
    index: number,
    options: TranscribeOptions,
    search: UnitSearch,
    signal: AbortSignal,
  ): Promise<UnitResult> {
    const unit: StepwiseUnit = {
      index,
      language: options.language,
      startMs: index * 10,
      endMs: index * 10 + 10,
      stepsMax: 16,
      previousText: '',
    };
    const { hypotheses, changes, stats } = await search(new ToySource(unit, text, this.#control), signal);
    signal.throwIfAborted();
    const withText = hypotheses.map((hypothesis) => ({ ...hypothesis, text: spell(hypothesis) }));
    const segment = {
      id: index,
      seek: 0,
      start: index / 100,
      end: index / 100 + 0.01,
      text: withText[0]!.text,
      tokens: withText[0]!.tokens,
      temperature: 0,
      avg_logprob: -0.5,
      compression_ratio: 1,
      no_speech_prob: 0,
    };
    return { segments: [segment], hypotheses: withText, changes, stats };
  }
}

function spell({ tokens }: UnitHypothesis): string {
  return String.fromCharCode(...tokens);
}

async function* unitTexts(audio: AsyncIterable<Float32Array>): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of audio) {
    for (const sample of chunk) text += String.fromCharCode(Math.round(sample * 128));
    while (text.length >= TOY_UNIT_SAMPLES) {
      yield text.slice(0, TOY_UNIT_SAMPLES);
      text = text.slice(TOY_UNIT_SAMPLES);
    }
  }
  if (text.length > 0) yield text;
}

class ToySource implements StepwiseSource {
  readonly unit: StepwiseUnit;
  #text: string;
  #control: ToyControl;
  #width = 0;
  #step = 0;

  constructor(unit: StepwiseUnit, text: string, control: ToyControl) {
    this.unit = unit;
    this.#text = text;
    this.#control = control;
  }

  async start(width: number): Promise<StepCandidates> {
    this.#width = width;
    await this.#control.beforeStep?.(this.unit, 0);
    return { step: 0, beams: [this.#beam()] };
  }

  async advance(picks: readonly BeamPick[]): Promise<StepCandidates> {
    this.#step++;
    await this.#control.beforeStep?.(this.unit, this.#step);
    return { step: this.#step, beams: picks.map(() => this.#beam()) };
  }

  #beam(): BeamCandidates {
    const over = this.#step >= this.#text.length;
    const right = over ? 32 : this.#text.charCodeAt(this.#step);
    const ids = [right, (right + 1) % 128].slice(0, this.#width);
    const logProbs = [Math.log(0.6), Math.log(0.3)].slice(0, this.#width);
    return {
      ids: Int32Array.from(ids),
      logProbs: Float32Array.from(logProbs),
      endLogProb: over ? Math.log(0.9) : IMPOSSIBLE,
    };
  }
}

/** A beam search small enough to see through: keeps the best `beams`, stops where the best one ends. */
export function toySearch(beams: number): UnitSearch {
  return async (source, signal) => {
    let live: { tokens: number[]; tokenLogProbs: number[]; total: number }[] = [
      { tokens: [], tokenLogProbs: [], total: 0 },
    ];
    let candidates = await source.start(2, signal);
    let steps = 1;
    while (candidates.beams[0]!.endLogProb === IMPOSSIBLE && steps < source.unit.stepsMax) {
      const children = candidates.beams.flatMap(({ ids, logProbs }, beam) =>
        Array.from(ids, (token, i) => ({
          beam,
          token,
          logProb: logProbs[i]!,
          total: live[beam]!.total + logProbs[i]!,
        })),
      );
      children.sort((a, b) => b.total - a.total || a.beam - b.beam);
      const kept = children.slice(0, beams);
      live = kept.map(({ beam, token, logProb, total }) => ({
        tokens: [...live[beam]!.tokens, token],
        tokenLogProbs: [...live[beam]!.tokenLogProbs, logProb],
        total,
      }));
      candidates = await source.advance(kept, signal);
      steps++;
    }
    const end = candidates.beams[0]!.endLogProb;
    return {
      hypotheses: live.map(({ tokens, tokenLogProbs, total }) => ({
        tokens,
        tokenLogProbs: [...tokenLogProbs, end],
        recognizerLogProb: total + end,
        ended: true,
      })),
      changes: [],
      stats: { steps, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 1 },
    };
  };
}

export const TOY_OPTIONS: TranscribeOptions = {
  language: 'en',
  task: 'transcribe',
  beams: 3,
  nBest: 2,
  temperatures: [0, 0.4],
  compressionRatioMax: 2.4,
  avgLogProbMin: -1,
  noSpeechProbMax: 0.6,
  seed: 0,
  timestamps: 'segment',
  prompt: '',
  hotwords: ['fusion'],
  conditionOnPreviousText: true,
  vad: true,
  exact: false,
  script: 'keep',
  llmWeight: undefined,
  preset: 'default',
  llmPrompt: '',
  llmContextCharsMax: 400,
  explain: false,
};

export const TOY_LISTEN_OPTIONS: ListenOptions = {
  ...TOY_OPTIONS,
  turnDetection: null,
  policy: 'local-agreement',
  holdMs: undefined,
  partialIntervalMs: 500,
  lightFusion: true,
  utteranceSecondsMax: 20,
  returning: false,
};
