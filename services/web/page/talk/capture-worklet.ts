/**
 * Runs in the audio thread: mixes the microphone down to one channel and hands it over as PCM16, a piece at a time, with
 * its loudness. A message of any kind asks for what is left, which comes as a last piece.
 */

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, type: new () => AudioWorkletProcessor): void;
declare const sampleRate: number;

export interface CapturedPiece {
  readonly samples: Int16Array<ArrayBuffer>;
  /** Root mean square, 0..1. */
  readonly loudness: number;
  readonly isLast: boolean;
}

/** Short enough to add little to the delay of the text, long enough for a dozen messages a second. */
const PIECE_S = 0.08;

class CaptureProcessor extends AudioWorkletProcessor {
  #piece = new Int16Array(Math.round(sampleRate * PIECE_S));
  #filled = 0;
  #squares = 0;
  #isOver = false;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.#isOver = true;
      this.#handOver(true);
    };
  }

  process(inputs: readonly (readonly Float32Array[])[]): boolean {
    const channels = inputs[0] ?? [];
    const length = channels[0]?.length ?? 0;
    for (let i = 0; i < length && !this.#isOver; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i]!;
      const sample = Math.max(-1, Math.min(1, sum / channels.length));
      this.#squares += sample * sample;
      this.#piece[this.#filled++] = Math.round(sample * 32_767);
      if (this.#filled === this.#piece.length) this.#handOver(false);
    }
    return !this.#isOver;
  }

  #handOver(isLast: boolean): void {
    const samples = this.#piece.slice(0, this.#filled);
    const loudness = Math.sqrt(this.#squares / Math.max(1, this.#filled));
    this.#filled = 0;
    this.#squares = 0;
    this.port.postMessage({ samples, loudness, isLast } satisfies CapturedPiece, [samples.buffer]);
  }
}

registerProcessor('capture', CaptureProcessor);
