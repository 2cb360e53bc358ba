import { SAMPLE_RATE_HZ } from '../core/limits.ts';
import { OnnxSession } from '../session/onnx-session.ts';
import {
  type SpeechEvent,
  type SpeechOptions,
  SpeechSegmenter,
  type SpeechSpan,
  VAD_WINDOW_SAMPLES,
} from './speech-segments.ts';

/** Samples of the window before that the model wants in front of each window. */
const CONTEXT_SAMPLES = 64;
const INPUT_SAMPLES = CONTEXT_SAMPLES + VAD_WINDOW_SAMPLES;
/** Size of each of the two recurrent states. */
const STATE_SIZE = 128;
/** Windows per call: a second of audio. More is not faster, and would hold up the thread. */
const BATCH_WINDOWS = 32;

/** Probabilities of windows in order, and the state that carries over. */
interface VadGraph {
  /** `input`: [windows, 576]; `hidden` and `cell`: [128], replaced by their next values. */
  run(input: Float32Array, windows: number, hidden: Float32Array, cell: Float32Array): Promise<Float32Array>;
}

/**
 * Silero VAD at 16 kHz, one session for any number of recordings. Takes either of the package's graphs:
 * `silero_vad_16k_sequence.onnx` (a run of windows per call, four times faster, same numbers to the last bit) or
 * `silero_vad_16k_op15.onnx` (one window per call).
 */
export class VoiceModel {
  readonly #session: OnnxSession;
  readonly #graph: VadGraph;

  private constructor(session: OnnxSession) {
    this.#session = session;
    this.#graph = session.inputNames.includes('h') ? sequenceGraph(session) : stepGraph(session);
  }

  /** One thread: the graph is too small to share. @throws AppError `model_corrupt` */
  static async open(modelPath: string): Promise<VoiceModel> {
    return new VoiceModel(await OnnxSession.open(modelPath, { threads: 1, spinning: false }));
  }

  /** A detector for one recording. */
  detector(options: Partial<SpeechOptions> = {}): VoiceDetector {
    return new VoiceDetector(this.#graph, options);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

/**
 * Finds speech in one recording of 16 kHz mono samples. Owns the recurrent state and the left context; pushes of any
 * length give the same result. Calls must not overlap: await each.
 */
export class VoiceDetector {
  readonly #graph: VadGraph;
  readonly #segmenter: SpeechSegmenter;
  readonly #spans: SpeechSpan[] = [];
  readonly #hidden = new Float32Array(STATE_SIZE);
  readonly #cell = new Float32Array(STATE_SIZE);
  readonly #input = new Float32Array(BATCH_WINDOWS * INPUT_SAMPLES);
  /** The last 64 samples judged, then samples that do not fill a window yet. */
  readonly #pending = new Float32Array(INPUT_SAMPLES);
  #pendingSamples = 0;
  #windows = 0;
  #totalSamples = 0;
  #observe: ((probability: number) => void) | undefined;

  constructor(graph: VadGraph, options: Partial<SpeechOptions> = {}) {
    this.#graph = graph;
    this.#segmenter = new SpeechSegmenter(options);
  }

  /** A detector with a session of its own, for a single recording. */
  static async create(modelPath: string, options: Partial<SpeechOptions> = {}): Promise<VoiceDetector> {
    return (await VoiceModel.open(modelPath)).detector(options);
  }

  /** Calls `observe` with each window's probability, in order. */
  onProbability(observe: (probability: number) => void): this {
    this.#observe = observe;
    return this;
  }

  /** Judges more samples; the windows that they fill. */
  async push(samples: Float32Array): Promise<SpeechEvent[]> {
    const events: SpeechEvent[] = [];
    this.#totalSamples += samples.length;
    for (let offset = 0; offset < samples.length; ) {
      const room = VAD_WINDOW_SAMPLES - this.#pendingSamples;
      const part = samples.subarray(offset, offset + room);
      this.#pending.set(part, CONTEXT_SAMPLES + this.#pendingSamples);
      this.#pendingSamples += part.length;
      offset += part.length;
      if (this.#pendingSamples === VAD_WINDOW_SAMPLES) this.#takeWindow();
      if (this.#windows === BATCH_WINDOWS) events.push(...(await this.#judge()));
    }
    events.push(...(await this.#judge()));
    return events;
  }

  /** Judges the rest (filled up with zeros) and closes the last segment. */
  async end(): Promise<SpeechEvent[]> {
    const events: SpeechEvent[] = [];
    if (this.#pendingSamples > 0) {
      this.#pending.fill(0, CONTEXT_SAMPLES + this.#pendingSamples);
      this.#takeWindow();
      events.push(...(await this.#judge()));
    }
    events.push(...this.#note(this.#segmenter.end(this.#totalSamples)));
    return events;
  }

  /** Segments so far, in order; the last may be open and then reaches to the last sample judged. */
  get spans(): readonly SpeechSpan[] {
    const open = this.#segmenter.open;
    return open ? [...this.#spans, open] : this.#spans;
  }

  /** What `SpeechSegmenter.ending` says of the windows judged so far. */
  get ending(): SpeechSpan | null {
    return this.#segmenter.ending;
  }

  /** What `SpeechSegmenter.from` says of the windows judged so far. */
  get from(): number {
    return this.#segmenter.from;
  }

  /** Ends the open segment with the last whole window; what comes next begins anew. */
  cut(): SpeechEvent[] {
    return this.#note(this.#segmenter.cut());
  }

  #takeWindow(): void {
    this.#input.set(this.#pending, this.#windows * INPUT_SAMPLES);
    this.#pending.copyWithin(0, VAD_WINDOW_SAMPLES);
    this.#pendingSamples = 0;
    this.#windows++;
  }

  async #judge(): Promise<SpeechEvent[]> {
    const windows = this.#windows;
    if (windows === 0) return [];
    this.#windows = 0;
    const input = this.#input.subarray(0, windows * INPUT_SAMPLES);
    const events: SpeechEvent[] = [];
    for (const probability of await this.#graph.run(input, windows, this.#hidden, this.#cell)) {
      this.#observe?.(probability);
      events.push(...this.#note(this.#segmenter.push(probability)));
    }
    return events;
  }

  #note(events: SpeechEvent[]): SpeechEvent[] {
    for (const event of events) if (event.kind === 'end') this.#spans.push({ start: event.start, end: event.end });
    return events;
  }
}

/** Segments of a whole recording, as they close; the same as a stream of the same samples gives. */
export async function* speechSpans(
  audio: AsyncIterable<Float32Array>,
  detector: VoiceDetector,
): AsyncGenerator<SpeechSpan> {
  for await (const samples of audio) yield* ended(await detector.push(samples));
  yield* ended(await detector.end());
}

function* ended(events: readonly SpeechEvent[]): Generator<SpeechSpan> {
  for (const event of events) if (event.kind === 'end') yield { start: event.start, end: event.end };
}

function sequenceGraph(session: OnnxSession): VadGraph {
  const outputs = { speech_probs: null, hn: null, cn: null };
  const dims = [1, 1, STATE_SIZE];
  return {
    async run(input, windows, hidden, cell) {
      const feeds = {
        input: session.tensor(input, [windows, INPUT_SAMPLES]),
        h: session.tensor(hidden, dims),
        c: session.tensor(cell, dims),
      };
      const out = await session.run(feeds, outputs);
      hidden.set(out['hn']!.data as Float32Array);
      cell.set(out['cn']!.data as Float32Array);
      return out['speech_probs']!.data as Float32Array;
    },
  };
}

function stepGraph(session: OnnxSession): VadGraph {
  const outputs = { output: null, stateN: null };
  const sampleRate = session.tensor(BigInt64Array.of(BigInt(SAMPLE_RATE_HZ)), []);
  return {
    async run(input, windows, hidden, cell) {
      const probabilities = new Float32Array(windows);
      const state = new Float32Array(2 * STATE_SIZE);
      state.set(hidden);
      state.set(cell, STATE_SIZE);
      for (let w = 0; w < windows; w++) {
        const window = input.subarray(w * INPUT_SAMPLES, (w + 1) * INPUT_SAMPLES);
        const feeds = {
          input: session.tensor(window, [1, INPUT_SAMPLES]),
          state: session.tensor(state, [2, 1, STATE_SIZE]),
          sr: sampleRate,
        };
        const out = await session.run(feeds, outputs);
        state.set(out['stateN']!.data as Float32Array);
        probabilities[w] = out['output']!.data[0] as number;
      }
      hidden.set(state.subarray(0, STATE_SIZE));
      cell.set(state.subarray(STATE_SIZE));
      return probabilities;
    },
  };
}
